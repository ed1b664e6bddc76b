package dev.tidemill.admin.runs;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.Launched;
import dev.tidemill.run.RunDiff;
import dev.tidemill.run.RunFailure;
import dev.tidemill.run.RunHistory;
import dev.tidemill.run.RunQuery;
import dev.tidemill.run.RunState;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows runs, stops them and goes on with them.
@RestController
@RequestMapping("/actuator/runs")
@Tag(name = "runs", description = "Watch, stop and resume runs")
class RunsController {

    private static final int MOST = 500;

    private final Runs runs;
    private final RunHistory history;

    RunsController(Runs runs, RunHistory history) {
        this.runs = runs;
        this.history = history;
    }

    /// Why something is done, for the audit.
    record ReasonBody(@Nullable String reason) {

        String text() {
            return reason == null ? "" : reason;
        }
    }

    /// What is to be different when a run is run again.
    record AgainBody(
            @Nullable String reason,

            @Schema(description = "parameters that are to have other values") @Nullable
            Map<String, @Nullable Object> parameters) {}

    /// The run that an action was about, or that came of it.
    record RunRef(long runId) {}

    @GetMapping
    @Operation(
            summary = "Runs, newest first",
            description = "The header Link with rel=\"next\" leads to the next page, as long as there is one.")
    ResponseEntity<List<RunView>> runs(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "job", required = false) @Nullable String job,
            @RequestParam(name = "status", required = false)
                    @Schema(
                            description = "of the execution",
                            allowableValues = {
                                "STARTING",
                                "STARTED",
                                "STOPPING",
                                "STOPPED",
                                "COMPLETED",
                                "FAILED",
                                "ABANDONED",
                                "UNKNOWN"
                            })
                    @Nullable
                    String status,
            @RequestParam(name = "state", required = false)
                    @Schema(description = "where it stands", implementation = RunState.class)
                    @Nullable
                    String state,
            @RequestParam(name = "from", required = false)
                    @Schema(
                            description =
                                    "asked for at or after this day or time, UTC: 2026-02-01, 2026-02-01T08:00:00Z")
                    @Nullable
                    String from,
            @RequestParam(name = "to", required = false)
                    @Schema(description = "asked for before this day or time")
                    @Nullable
                    String to,
            @RequestParam(name = "parameter", required = false)
                    @Schema(description = "name:value, exact; several must all hold")
                    @Nullable
                    List<String> parameter,
            @RequestParam(name = "text", required = false)
                    @Schema(description = "found in subject, reason, message, a parameter or a failure")
                    @Nullable
                    String text,
            @RequestParam(name = "origin", required = false)
                    @Schema(description = "api, again:12, schedule:nightly …")
                    @Nullable
                    String origin,
            @RequestParam(name = "before", required = false) @Schema(description = "only runs with lower ids") @Nullable
                    Long before,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        RunQuery query = new RunQuery(
                job,
                Filters.status(status),
                Filters.state(state),
                Filters.time("from", from),
                Filters.time("to", to),
                Filters.parameters(parameter),
                Filters.text(text),
                origin,
                before,
                checked(limit));
        RunHistory.Page page = history.page(caller.workspaceId(), query);
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok();
        if (page.next() != null) {
            answer.header(HttpHeaders.LINK, "<" + Filters.nextPage(page.next()) + ">; rel=\"next\"");
        }
        return answer.body(page.runs());
    }

    /// A run with what ended it.
    ///
    /// @param failures exceptions of all runs of the launch, oldest first
    record RunDetail(@JsonUnwrapped RunView run, List<RunFailure> failures) {}

    @GetMapping("/{id}")
    @Operation(summary = "One run with its steps, and the exceptions of all runs of its launch")
    RunDetail run(@AuthenticationPrincipal Caller caller, @PathVariable long id) {
        return history.detail(caller.workspaceId(), id)
                .map(detail -> new RunDetail(detail.run(), detail.failures()))
                .orElseThrow(() -> new NotFound("there is no run " + id));
    }

    @GetMapping("/{id}/diff/{other}")
    @Operation(summary = "How two runs differ: parameters, counts of each step, duration, settings, version, outcome")
    RunDiff diff(@AuthenticationPrincipal Caller caller, @PathVariable long id, @PathVariable long other) {
        return history.diff(caller.workspaceId(), id, other)
                .orElseThrow(() -> new NotFound("there is no run " + id + " or no run " + other));
    }

    @PostMapping("/{id}/stop")
    @Operation(summary = "Stop a run after its current chunk; it can be resumed")
    ResponseEntity<RunRef> stop(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        runs.stop(caller.workspaceId(), id, actor(caller), reason(body));
        return accepted(id, HttpStatus.ACCEPTED);
    }

    @PostMapping("/{id}/resume")
    @Operation(summary = "Go on with a run from its failed step")
    ResponseEntity<RunRef> resume(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        return accepted(runs.resume(caller.workspaceId(), id, actor(caller), reason(body)), HttpStatus.ACCEPTED);
    }

    @PostMapping("/{id}/again")
    @Operation(summary = "Run again: a new run with the same or changed parameters")
    ResponseEntity<RunRef> again(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestBody(required = false) @Nullable AgainBody body) {
        Map<String, String> changed =
                body == null || body.parameters() == null ? Map.of() : JobsController.texts(body.parameters());
        String reason = body == null || body.reason() == null ? "" : body.reason();
        Launched launched = runs.runAgain(caller.workspaceId(), id, changed, actor(caller), reason);
        return accepted(launched.runId(), HttpStatus.ACCEPTED);
    }

    @PostMapping("/{id}/abandon")
    @Operation(summary = "Give a run up for good")
    ResponseEntity<RunRef> abandon(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        runs.abandon(caller.workspaceId(), id, actor(caller), reason(body));
        return accepted(id, HttpStatus.OK);
    }

    private static ResponseEntity<RunRef> accepted(long runId, HttpStatus status) {
        return ResponseEntity.status(status)
                .location(URI.create("/actuator/runs/" + runId))
                .body(new RunRef(runId));
    }

    static String actor(Caller caller) {
        return "key " + caller.keyId();
    }

    private static String reason(@Nullable ReasonBody body) {
        return body == null ? "" : body.text();
    }

    static int checked(int limit) {
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        return limit;
    }
}
