package dev.tidemill.admin.runs;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.Launched;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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

    RunsController(Runs runs) {
        this.runs = runs;
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
    @Operation(summary = "The newest runs, newest first")
    List<RunView> runs(
            @AuthenticationPrincipal Caller caller, @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return runs.list(checked(limit)).stream()
                .filter(run -> visible(caller, run))
                .toList();
    }

    @GetMapping("/{id}")
    @Operation(summary = "One run with its steps")
    RunView run(@AuthenticationPrincipal Caller caller, @PathVariable long id) {
        return runs.get(id)
                .filter(run -> visible(caller, run))
                .orElseThrow(() -> new NotFound("there is no run " + id));
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

    /// Runs of other workspaces are as if they were not there.
    private static boolean visible(Caller caller, RunView run) {
        return caller.workspaceId().toString().equals(run.parameters().get("workspace"));
    }

    static int checked(int limit) {
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        return limit;
    }
}
