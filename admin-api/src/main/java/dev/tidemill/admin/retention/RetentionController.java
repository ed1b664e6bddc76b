package dev.tidemill.admin.retention;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.prune.Retention;
import dev.tidemill.prune.Retention.Hold;
import dev.tidemill.prune.Retention.Policy;
import dev.tidemill.prune.Retention.Rules;
import dev.tidemill.prune.Retention.Source;
import dev.tidemill.prune.Retention.Subject;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Runs;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Says what is kept how long, and keeps things from being removed.
@RestController
@RequestMapping("/actuator/retention")
@Tag(name = "retention", description = "What is kept how long")
class RetentionController {

    private final Retention retention;
    private final Runs runs;

    RetentionController(Retention retention, Runs runs) {
        this.retention = retention;
        this.runs = runs;
    }

    /// A policy as it is given; ages as `30d` or `PT2H`.
    record PolicyBody(
            @Nullable String project,
            @Nullable UUID source,
            @Nullable String tag,
            @Nullable Integer versionsKeep,
            @Nullable String versionsAfter,
            @Nullable String undo,
            @Nullable String maxAge) {

        Subject subject() {
            return new Subject(project, source, null);
        }

        /// Given as `NAME=VALUE`.
        Retention.@Nullable Tag parsedTag() {
            if (tag == null) {
                return null;
            }
            int sign = tag.indexOf('=');
            if (sign < 1) {
                throw new BadRequest("tag", "tag is \"" + tag + "\": use NAME=VALUE, for example state=draft");
            }
            return new Retention.Tag(tag.substring(0, sign), tag.substring(sign + 1));
        }

        Rules rules() {
            return new Rules(
                    versionsKeep,
                    duration("versionsAfter", versionsAfter),
                    duration("undo", undo),
                    duration("maxAge", maxAge));
        }

        private static @Nullable Duration duration(String name, @Nullable String given) {
            if (given == null) {
                return null;
            }
            try {
                return DurationStyle.detectAndParse(given);
            } catch (IllegalArgumentException e) {
                throw new BadRequest(name, name + " is \"" + given + "\": use a duration, for example 30d");
            }
        }
    }

    /// A policy as it holds; ages as ISO durations.
    record PolicyView(
            UUID id,
            @Nullable String project,
            @Nullable UUID source,
            @Nullable String tag,
            @Nullable Integer versionsKeep,
            @Nullable Duration versionsAfter,
            @Nullable Duration undo,
            @Nullable Duration maxAge,
            String setBy,
            OffsetDateTime setAt) {

        static PolicyView of(Policy policy) {
            Rules rules = policy.rules();
            return new PolicyView(
                    policy.id(),
                    policy.project(),
                    policy.source(),
                    policy.tag() == null ? null : policy.tag().toString(),
                    rules.versionsKeep(),
                    rules.versionsAfter(),
                    rules.undo(),
                    rules.maxAge(),
                    policy.setBy(),
                    policy.setAt());
        }
    }

    /// What is to be held.
    record HoldBody(
            @Nullable String project,
            @Nullable UUID source,
            @Nullable String document,
            @Nullable String reason) {}

    /// The hold that was placed.
    record Placed(UUID id) {}

    /// Why something is done, for the audit.
    record ReasonBody(@Nullable String reason) {}

    /// When a document ends by itself; without a time never.
    record ExpiryBody(
            @Nullable String project,
            @Nullable UUID source,
            @Nullable String document,
            @Nullable OffsetDateTime at) {}

    /// What became of a request.
    record Done(boolean done) {}

    @GetMapping
    @Operation(summary = "Policies of the workspace, its projects and sources")
    List<PolicyView> policies(@AuthenticationPrincipal Caller caller) {
        return retention.policies(caller.workspaceId()).stream()
                .map(PolicyView::of)
                .toList();
    }

    @PostMapping
    @Operation(
            summary = "Set the policy of the workspace, a project, a source or a tag",
            description = "What is left out is decided by the next wider policy, at last by job-configs/prune.yaml.")
    List<PolicyView> set(@AuthenticationPrincipal Caller caller, @RequestBody PolicyBody body) {
        retention.set(caller.workspaceId(), body.subject(), body.parsedTag(), body.rules(), actor(caller));
        return policies(caller);
    }

    @PostMapping("/unset")
    @Operation(summary = "Take a policy back")
    Done unset(@AuthenticationPrincipal Caller caller, @RequestBody PolicyBody body) {
        return new Done(retention.unset(caller.workspaceId(), body.subject(), body.parsedTag(), actor(caller)));
    }

    @GetMapping("/holds")
    @Operation(summary = "Legal holds, newest first")
    List<Hold> holds(
            @AuthenticationPrincipal Caller caller, @RequestParam(name = "all", defaultValue = "false") boolean all) {
        return retention.holds(caller.workspaceId(), all);
    }

    @PostMapping("/holds")
    @Operation(summary = "Keep everything of a project, source or document until the hold is released")
    Placed hold(@AuthenticationPrincipal Caller caller, @RequestBody HoldBody body) {
        return new Placed(retention.hold(
                caller.workspaceId(),
                new Subject(body.project(), body.source(), body.document()),
                body.reason() == null ? "" : body.reason(),
                actor(caller)));
    }

    @PostMapping("/holds/{id}/release")
    @Operation(summary = "Release a legal hold")
    Done release(
            @AuthenticationPrincipal Caller caller,
            @PathVariable UUID id,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        String reason = body == null || body.reason() == null ? "" : body.reason();
        if (!retention.release(caller.workspaceId(), id, reason, actor(caller))) {
            throw new NotFound("there is no hold " + id + " that is not released");
        }
        return new Done(true);
    }

    @PostMapping("/expiry")
    @Operation(summary = "Set when a document ends by itself")
    Done expire(@AuthenticationPrincipal Caller caller, @RequestBody ExpiryBody body) {
        retention.expire(
                caller.workspaceId(),
                new Subject(body.project(), body.source(), body.document()),
                body.at(),
                actor(caller));
        return new Done(true);
    }

    /// The run that publishes what was brought back.
    record Coming(long runId) {}

    @PostMapping("/bring-back")
    @Operation(
            summary = "Bring a retired document back",
            description =
                    "Within its undo window. Starts an ingest of its source, which publishes it; a source that does not"
                            + " list it any more retires it again.")
    ResponseEntity<Coming> bringBack(@AuthenticationPrincipal Caller caller, @RequestBody ExpiryBody body) {
        Source source = retention.bringBack(
                caller.workspaceId(), new Subject(body.project(), body.source(), body.document()), actor(caller));
        long run = runs.launch(LaunchRequest.of(
                                caller.workspaceId(),
                                "ingest",
                                Map.of(
                                        "project", source.project(),
                                        "type", source.type(),
                                        "location", source.location()),
                                "api")
                        .by(actor(caller), "bring back"))
                .runId();
        return ResponseEntity.accepted()
                .location(URI.create("/actuator/runs/" + run))
                .body(new Coming(run));
    }

    private static String actor(Caller caller) {
        return "key " + caller.keyId();
    }
}
