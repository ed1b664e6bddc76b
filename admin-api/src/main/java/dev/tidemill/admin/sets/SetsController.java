package dev.tidemill.admin.sets;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.quality.Evaluator;
import dev.tidemill.run.Audit;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.Runs;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.sets.SetAudit;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Evaluation;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SetConflict;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.VectorSets.Shown;
import dev.tidemill.store.VectorSets.Switched;
import dev.tidemill.store.Workspaces;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows vector sets and decides which of them answers queries. A set is made by `POST /actuator/jobs/reembed`.
@RestController
@RequestMapping("/actuator/sets")
@Tag(name = "sets", description = "Vector sets: compare, switch, roll back, check, retire")
class SetsController {

    private static final int MOST_SAMPLED = 2_000;

    private final Workspaces workspaces;
    private final Projects projects;
    private final VectorSets sets;
    private final Evaluations evaluations;
    private final SetAudit setAudit;
    private final Audit audit;
    private final Runs runs;
    private final Duration soak;

    SetsController(
            Workspaces workspaces,
            Projects projects,
            VectorSets sets,
            Evaluations evaluations,
            SetAudit setAudit,
            Audit audit,
            Runs runs,
            Duration soak) {
        this.workspaces = workspaces;
        this.projects = projects;
        this.sets = sets;
        this.evaluations = evaluations;
        this.setAudit = setAudit;
        this.audit = audit;
        this.runs = runs;
        this.soak = soak;
    }

    /// One metric with both sets.
    record Compared(String goldenSet, String mode, int questions, String metric, double live, double candidate) {}

    /// A set beside the one that was live when it was judged.
    ///
    /// @param overlap share of the first ten hits of real questions in common, null where none were asked
    record Comparison(
            long set,
            @Nullable Long against,
            List<Compared> metrics,
            @Nullable Double overlap,
            int sampled) {}

    @GetMapping
    @Operation(summary = "The vector sets, newest first")
    List<Shown> sets(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "project", required = false) @Nullable String project) {
        UUID id = project == null ? null : project(caller, project).id();
        return sets.list(caller.workspaceId(), id);
    }

    @GetMapping("/{id}")
    @Operation(summary = "One vector set")
    Shown set(@AuthenticationPrincipal Caller caller, @PathVariable long id) {
        return shown(caller, id);
    }

    @GetMapping("/{id}/compare")
    @Operation(
            summary = "A set beside the one that was live",
            description =
                    "What the re-embedding measured of both: every metric of every golden set and mode, and how much"
                            + " the first hits of real questions have in common.")
    Comparison compare(@AuthenticationPrincipal Caller caller, @PathVariable long id) {
        Shown shown = shown(caller, id);
        if (shown.launchId() == null) {
            throw new NotFound("vector set " + id + " was made by an ingest: there is nothing it was compared with");
        }
        List<Evaluation> all = evaluations.ofLaunch(caller.workspaceId(), shown.launchId());
        List<Compared> compared = new ArrayList<>();
        Double overlap = null;
        int sampled = 0;
        Long against = null;
        for (Evaluation candidate : all) {
            Optional<Evaluation> live = candidate.setId() != id || candidate.doneAt() == null
                    ? Optional.empty()
                    : all.stream()
                            .filter(one -> one.setId() != id
                                    && one.goldenSetId() == candidate.goldenSetId()
                                    && one.mode().equals(candidate.mode()))
                            .findFirst();
            if (live.isEmpty()) {
                continue;
            }
            against = live.get().setId();
            if (candidate.goldenSetId() == Evaluations.SAMPLE) {
                sampled = candidate.questions();
                overlap = Evaluator.overlap(
                        evaluations.answers(caller.workspaceId(), live.get().id()),
                        evaluations.answers(caller.workspaceId(), candidate.id()));
                continue;
            }
            for (Map.Entry<String, Double> metric : candidate.metrics().entrySet()) {
                Double before = live.get().metrics().get(metric.getKey());
                if (before != null) {
                    compared.add(new Compared(
                            candidate.goldenSet(),
                            candidate.mode(),
                            candidate.questions(),
                            metric.getKey(),
                            before,
                            metric.getValue()));
                }
            }
        }
        return new Comparison(id, against, compared, overlap, sampled);
    }

    @PostMapping("/{id}/switch")
    @Operation(
            summary = "Let a set answer queries",
            description =
                    "One that is held or soaks. The live one soaks from then on. 409 while texts lack their vectors.")
    Shown change(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestParam(name = "reason", defaultValue = "") String reason) {
        Shown before = shown(caller, id);
        if (before.state().equals(VectorSet.State.BUILDING.column())) {
            throw new SetConflict("vector set " + id + " is being built: its run switches it, or holds it");
        }
        workspaces.run(caller.workspaceId(), () -> {
            Switched switched = sets.switchTo(caller.workspaceId(), before.projectId(), id, 0, soak);
            if (!switched.done()) {
                throw new SetConflict("vector set " + id + " lacks the vectors of " + switched.missing()
                        + " texts: wait until the ingest that brings them has ended, or re-embed again");
            }
            record(caller, "set.switch", id, reason);
        });
        return shown(caller, id);
    }

    @PostMapping("/rollback")
    @Operation(
            summary = "Go back to the set that was live before",
            description = "One call, while that set soaks. The present one soaks from then on.")
    Shown rollback(
            @AuthenticationPrincipal Caller caller,
            @RequestParam(name = "project", defaultValue = "default") String project,
            @RequestParam(name = "reason", defaultValue = "") String reason) {
        Project found = project(caller, project);
        VectorSet now = workspaces.call(caller.workspaceId(), () -> {
            VectorSet live = sets.rollback(caller.workspaceId(), found.id(), soak);
            record(caller, "set.rollback", live.id(), reason);
            return live;
        });
        return shown(caller, now.id());
    }

    @PostMapping("/{id}/retire")
    @Operation(
            summary = "Drop a set's vectors",
            description =
                    "Not the live one; one that soaks only after its time, or with force. 409 for one that is being"
                            + " built: abort it.")
    Shown retire(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestParam(name = "force", defaultValue = "false") boolean force,
            @RequestParam(name = "reason", defaultValue = "") String reason) {
        Shown shown = shown(caller, id);
        if (shown.state().equals(VectorSet.State.BUILDING.column())) {
            throw new SetConflict("vector set " + id + " is being built: ./tidemill reembed abort " + id
                    + " stops its run and drops it");
        }
        retire(caller, shown, force, "set.retire", reason);
        return shown(caller, id);
    }

    @PostMapping("/{id}/abort")
    @Operation(
            summary = "Give up a set that is being built, or waits",
            description = "Its run is stopped and given up first. 409 for one that answers, or did.")
    Shown abort(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestParam(name = "reason", defaultValue = "") String reason) {
        Shown shown = shown(caller, id);
        if (shown.state().equals(VectorSet.State.SOAKING.column())) {
            throw new SetConflict("vector set " + id + " answered queries and soaks: ./tidemill reembed retire " + id
                    + " --force drops it");
        }
        if (shown.launchId() != null && shown.state().equals(VectorSet.State.BUILDING.column())) {
            abandon(caller, shown.launchId(), reason);
        }
        retire(caller, shown, false, "set.abort", reason);
        return shown(caller, id);
    }

    private void retire(Caller caller, Shown set, boolean force, String action, String reason) {
        workspaces.run(caller.workspaceId(), () -> {
            sets.retire(caller.workspaceId(), set.projectId(), set.id(), force);
            record(caller, action, set.id(), reason);
        });
    }

    /// Stops the run that builds a set, waits for its end, and gives it up.
    private void abandon(Caller caller, long launchId, String reason) {
        String actor = "key " + caller.keyId();
        runs.list(200).stream()
                .filter(run -> run.launch() == launchId)
                .findFirst()
                .ifPresent(run -> {
                    try {
                        runs.stop(caller.workspaceId(), run.id(), actor, reason);
                    } catch (RunConflict ended) {
                        // It has ended in another way; what is left is given up below.
                    }
                    long last = runs.finished(run.id())
                            .orTimeout(2, TimeUnit.MINUTES)
                            .join()
                            .id();
                    try {
                        runs.abandon(caller.workspaceId(), last, actor, reason);
                    } catch (RunConflict completed) {
                        // Nothing is left to give up.
                    }
                });
    }

    @PostMapping("/{id}/check")
    @Operation(
            summary = "Embed some texts of a set again and compare",
            description = "Finds vectors of another model or of another text, and texts without one.")
    SetAudit.Findings check(
            @AuthenticationPrincipal Caller caller,
            @PathVariable long id,
            @RequestParam(name = "sample", defaultValue = "50") int sample) {
        if (sample < 1 || sample > MOST_SAMPLED) {
            throw new BadRequest("sample", "sample is " + sample + ": use a number from 1 to " + MOST_SAMPLED);
        }
        Shown shown = shown(caller, id);
        VectorSet set = sets.find(caller.workspaceId(), id)
                .filter(one -> one.state() != VectorSet.State.RETIRED)
                .orElseThrow(() -> new SetConflict("vector set " + id + " is retired: its vectors are gone"));
        SetAudit.Findings findings = setAudit.audit(caller.workspaceId(), shown.projectId(), set, sample);
        workspaces.run(
                caller.workspaceId(),
                () -> sets.audited(
                        caller.workspaceId(),
                        id,
                        findings.sampled(),
                        findings.drifted().size(),
                        findings.lowest()));
        return findings;
    }

    private Shown shown(Caller caller, long id) {
        return sets.list(caller.workspaceId(), null).stream()
                .filter(set -> set.id() == id)
                .findFirst()
                .orElseThrow(() -> new NotFound("there is no vector set " + id + ": GET /actuator/sets lists them"));
    }

    private Project project(Caller caller, String slug) {
        return projects.find(caller.workspaceId(), slug).orElseThrow(() -> new UnknownProject(slug));
    }

    private void record(Caller caller, String action, long set, String reason) {
        audit.record(
                caller.workspaceId(), "key " + caller.keyId(), action, "vector set " + set, Map.of("reason", reason));
    }
}
