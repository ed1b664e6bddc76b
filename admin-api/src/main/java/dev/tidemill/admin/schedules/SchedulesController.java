package dev.tidemill.admin.schedules;

import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.LaunchRequest;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
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

/// Shows schedules, pauses them, and runs what they missed.
@RestController
@RequestMapping("/actuator/schedules")
@Tag(name = "schedules", description = "When jobs are launched by themselves")
class SchedulesController {

    private static final int NEXT = 5;
    private static final int MOST = 500;

    private final ScheduleStore store;
    private final SchedulesClock clock;
    private final Operations operations;
    private final Backfill backfill;
    private final UUID startWorkspace;

    SchedulesController(
            ScheduleStore store,
            SchedulesClock clock,
            Operations operations,
            Backfill backfill,
            StartWorkspace startWorkspace) {
        this.store = store;
        this.clock = clock;
        this.operations = operations;
        this.backfill = backfill;
        this.startWorkspace = startWorkspace.id();
    }

    /// Why something is done, for the audit.
    record ReasonBody(@Nullable String reason) {}

    /// Which times of the past get a run.
    record BackfillBody(
            @Schema(description = "first time, in UTC: 2026-03-01T00:00:00Z") @Nullable
            String from,

            @Nullable String to,

            @Schema(description = "missing (the default), missing-and-failed or all") @Nullable
            String select,

            @Schema(description = "only say what would be done") @Nullable
            Boolean dryRun,

            @Nullable String reason) {}

    /// The run that an action came to.
    record RunRef(long runId) {}

    /// Whether a schedule is paused now.
    record PauseView(String name, boolean paused) {}

    /// What a backfill does, or would do.
    record BackfillView(boolean dryRun, List<Backfill.Item> times) {}

    @GetMapping
    @Operation(summary = "All schedules with their next times and their last result")
    List<ScheduleView> schedules(@AuthenticationPrincipal Caller caller) {
        Instant now = store.now();
        return store.all().stream()
                .filter(saved -> visible(caller, saved))
                .map(saved -> view(saved, now))
                .toList();
    }

    @GetMapping("/{name}")
    @Operation(summary = "One schedule with its next times and its last result")
    ScheduleView schedule(@AuthenticationPrincipal Caller caller, @PathVariable String name) {
        return view(find(caller, name), store.now());
    }

    @GetMapping("/{name}/fires")
    @Operation(summary = "What was made of the times of a schedule, newest first")
    List<FireView> fires(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String name,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        SavedSchedule saved = find(caller, name);
        return store.fires(saved.workspaceId(), name, limit).stream()
                .map(this::view)
                .toList();
    }

    @PostMapping("/reload")
    @Operation(summary = "Read the files again; a wrong one changes nothing")
    Reconciler.Changes reload() {
        try {
            return clock.reload();
        } catch (InvalidSchedule e) {
            throw new BadRequest("schedules", String.valueOf(e.getMessage()));
        }
    }

    @PostMapping("/{name}/pause")
    @Operation(summary = "Let no further time come")
    PauseView pause(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String name,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        operations.pause(find(caller, name), actor(caller), reason(body));
        return new PauseView(name, true);
    }

    @PostMapping("/{name}/resume")
    @Operation(summary = "Let times come again, from now on")
    PauseView resume(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String name,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        operations.resume(find(caller, name), actor(caller), reason(body));
        return new PauseView(name, false);
    }

    @PostMapping("/{name}/run")
    @Operation(summary = "Launch it now, whatever the time")
    ResponseEntity<RunRef> run(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String name,
            @RequestBody(required = false) @Nullable ReasonBody body) {
        long runId = operations.run(find(caller, name), actor(caller), reason(body));
        return ResponseEntity.status(HttpStatus.ACCEPTED)
                .location(URI.create("/actuator/runs/" + runId))
                .body(new RunRef(runId));
    }

    @PostMapping("/{name}/backfill")
    @Operation(summary = "Launch runs for times of the past, behind everything else")
    BackfillView backfill(
            @AuthenticationPrincipal Caller caller, @PathVariable String name, @RequestBody BackfillBody body) {
        SavedSchedule saved = find(caller, name);
        boolean dryRun = Boolean.TRUE.equals(body.dryRun());
        Instant from = instant("from", body.from());
        Instant to = instant("to", body.to());
        String reason = body.reason() == null ? "" : body.reason();
        List<Backfill.Item> items =
                backfill.run(saved, from, to, select(body.select()), dryRun, actor(caller), "backfill: " + reason);
        if (!dryRun) {
            operations.record(
                    saved,
                    actor(caller),
                    "schedule.backfill",
                    Map.of("reason", reason, "from", from.toString(), "to", to.toString(), "times", items.size()));
        }
        return new BackfillView(dryRun, items);
    }

    private static Backfill.Select select(@Nullable String word) {
        if (word == null) {
            return Backfill.Select.MISSING;
        }
        return Arrays.stream(Backfill.Select.values())
                .filter(select -> Words.of(select).equals(word))
                .findFirst()
                .orElseThrow(() -> new BadRequest(
                        "select",
                        "select is \"" + word + "\": use "
                                + Arrays.stream(Backfill.Select.values())
                                        .map(Words::of)
                                        .collect(Collectors.joining(", "))));
    }

    private static Instant instant(String name, @Nullable String text) {
        try {
            if (text != null) {
                return Instant.parse(text);
            }
        } catch (DateTimeException e) {
            throw new BadRequest(
                    name, name + " is \"" + text + "\": use a time in UTC, for example 2026-03-01T02:00:00Z");
        }
        throw new BadRequest(name, name + " is missing: use a time in UTC, for example 2026-03-01T02:00:00Z");
    }

    private SavedSchedule find(Caller caller, String name) {
        return store.find(name)
                .filter(saved -> visible(caller, saved))
                .orElseThrow(() ->
                        new NotFound("there is no schedule \"" + name + "\": GET /actuator/schedules lists them"));
    }

    /// Schedules of the whole installation belong to those who work in its first workspace.
    private boolean visible(Caller caller, SavedSchedule saved) {
        return saved.workspaceId().equals(caller.workspaceId())
                || (saved.workspaceId().equals(LaunchRequest.INSTALLATION)
                        && caller.workspaceId().equals(startWorkspace));
    }

    private ScheduleView view(SavedSchedule saved, Instant now) {
        Schedule schedule = saved.read();
        Timing.Cron cron = schedule.cron();
        List<FireTime> next = cron == null ? List.of() : FireTime.next(cron, now, NEXT);
        FireView last = store.fires(saved.workspaceId(), saved.name(), 1).stream()
                .findFirst()
                .map(this::view)
                .orElse(null);
        return ScheduleView.of(schedule, saved.paused(), next, last, store.missed(saved.workspaceId(), saved.name()));
    }

    private FireView view(Fire fire) {
        return FireView.of(fire, fire.runId() == null ? null : store.state(fire.runId()));
    }

    private static String actor(Caller caller) {
        return "key " + caller.keyId();
    }

    private static String reason(@Nullable ReasonBody body) {
        return body == null || body.reason() == null ? "" : body.reason();
    }
}
