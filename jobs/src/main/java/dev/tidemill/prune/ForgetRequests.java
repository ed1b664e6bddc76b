package dev.tidemill.prune;

import dev.tidemill.document.ContentHash;
import dev.tidemill.prune.Oblivion.Request;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import dev.tidemill.run.RunConflict;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.batch.core.step.StepExecution;

/// Requests to forget as runs get them: by the id of their receipt, which is all that is kept of them.
final class ForgetRequests {

    static final String REQUEST = "request";

    private static final int MOST = 100_000;

    private final Oblivion oblivion;

    ForgetRequests(Oblivion oblivion) {
        this.oblivion = oblivion;
    }

    Prepared prepare(UUID workspaceId, Map<String, String> given) {
        Request request = request(workspaceId, given);
        List<UUID> held = oblivion.documents(workspaceId, request, true, null, 1);
        if (!held.isEmpty()) {
            throw new RunConflict("document " + held.getFirst() + " is on legal hold: release the hold first");
        }
        return new Prepared("forget in the workspace", given);
    }

    private Request request(UUID workspaceId, Map<String, String> given) {
        String text = given.getOrDefault(REQUEST, "");
        UUID id;
        try {
            id = UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new InvalidParameter(REQUEST, REQUEST + " is no id of a receipt");
        }
        Request request = oblivion.find(workspaceId, id)
                .orElseThrow(() -> new InvalidParameter(REQUEST, "there is no receipt " + id));
        if (!request.state().equals("open")) {
            throw new RunConflict("receipt " + id + " is done: make a new request");
        }
        return request;
    }

    Plan plan(UUID workspaceId, Map<String, String> given) {
        Request request = request(workspaceId, given);
        List<UUID> documents = oblivion.documents(workspaceId, request, false, null, MOST);
        List<UUID> held = oblivion.documents(workspaceId, request, true, null, MOST);
        return new Plan(
                Map.of("documents", (long) documents.size(), "held", (long) held.size()),
                0,
                BigDecimal.ZERO,
                Duration.ZERO,
                0,
                held.isEmpty()
                        ? List.of()
                        : List.of(held.size()
                                + " documents are on legal hold: none is forgotten before they are released"),
                ContentHash.of(documents + " " + held).hex());
    }

    static UUID workspace(StepExecution step) {
        return UUID.fromString(String.valueOf(step.getJobParameters().getString("workspace")));
    }

    Request of(StepExecution step) {
        UUID id = UUID.fromString(String.valueOf(step.getJobParameters().getString(REQUEST)));
        return oblivion.find(workspace(step), id)
                .orElseThrow(() -> new IllegalStateException("there is no receipt " + id + " any more"));
    }
}
