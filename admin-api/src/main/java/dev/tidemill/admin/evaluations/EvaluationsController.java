package dev.tidemill.admin.evaluations;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.quality.Evaluator;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Evaluation;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Shows evaluations of a project and compares two of them. One is made by `POST /actuator/jobs/evaluate`.
@RestController
@RequestMapping("/api/v1/projects/{project}/evaluations")
@Tag(name = "evaluations", description = "Golden sets and evaluations")
class EvaluationsController {

    private static final int MOST = 500;

    private final Projects projects;
    private final Evaluations evaluations;

    EvaluationsController(Projects projects, Evaluations evaluations) {
        this.projects = projects;
        this.evaluations = evaluations;
    }

    /// A metric of two evaluations.
    record Difference(String metric, double from, double to) {}

    /// A question that was answered otherwise.
    record Changed(String key, String question, double from, double to, List<String> foundFrom, List<String> foundTo) {}

    /// Two evaluations of the same questions.
    ///
    /// @param changed questions whose nDCG@10 changed, what fell most first
    /// @param overlap share of the first ten documents in common
    record Diff(Evaluation from, Evaluation to, List<Difference> metrics, double overlap, List<Changed> changed) {}

    /// A metric over time.
    record Point(long evaluation, OffsetDateTime at, long set, String model, long generation, double value) {}

    @GetMapping
    @Operation(summary = "Ended evaluations, newest first")
    List<Evaluation> list(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String project,
            @RequestParam(name = "goldenSet", required = false) @Nullable String goldenSet,
            @RequestParam(name = "limit", defaultValue = "50") int limit) {
        return evaluations.list(caller.workspaceId(), find(caller, project).id(), goldenSet, checked(limit));
    }

    @GetMapping("/trend")
    @Operation(
            summary = "A metric of a golden set over time, oldest first",
            description =
                    "By golden set and mode; metrics are ndcg@10, recall@10, recall@100, mrr, span@10, millis-p50 and"
                            + " millis-p95.")
    Map<String, List<Point>> trend(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String project,
            @RequestParam(name = "metric", defaultValue = Evaluator.NDCG) String metric,
            @RequestParam(name = "limit", defaultValue = "100") int limit) {
        Map<String, List<Point>> trend = new TreeMap<>();
        for (Evaluation one :
                evaluations.list(caller.workspaceId(), find(caller, project).id(), null, checked(limit))) {
            Double value = one.metrics().get(metric);
            if (value != null && one.goldenSetId() != Evaluations.SAMPLE) {
                trend.computeIfAbsent(one.goldenSet() + "/" + one.mode(), name -> new ArrayList<>())
                        .addFirst(new Point(
                                one.id(), one.createdAt(), one.setId(), one.model(), one.generation(), value));
            }
        }
        return trend;
    }

    @GetMapping("/{id}")
    @Operation(summary = "One evaluation")
    Evaluation one(@AuthenticationPrincipal Caller caller, @PathVariable String project, @PathVariable long id) {
        return evaluation(caller, project, id);
    }

    @GetMapping("/{from}/diff/{to}")
    @Operation(summary = "Two evaluations, and which questions changed")
    Diff diff(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String project,
            @PathVariable long from,
            @PathVariable long to,
            @RequestParam(name = "limit", defaultValue = "20") int limit) {
        Evaluation one = evaluation(caller, project, from);
        Evaluation other = evaluation(caller, project, to);
        List<Difference> metrics = new ArrayList<>();
        one.metrics().forEach((name, value) -> {
            Double later = other.metrics().get(name);
            if (later != null) {
                metrics.add(new Difference(name, value, later));
            }
        });
        List<Answer> before = evaluations.answers(caller.workspaceId(), from);
        List<Answer> after = evaluations.answers(caller.workspaceId(), to);
        Map<String, Answer> known = new HashMap<>();
        before.forEach(answer -> known.put(answer.key(), answer));
        List<Changed> changed = new ArrayList<>();
        for (Answer answer : after) {
            Answer then = known.get(answer.key());
            if (then != null
                    && then.ndcg() != null
                    && answer.ndcg() != null
                    && !then.ndcg().equals(answer.ndcg())) {
                changed.add(new Changed(
                        answer.key(), answer.question(), then.ndcg(), answer.ndcg(), first(then), first(answer)));
            }
        }
        changed.sort(Comparator.comparingDouble(change -> change.to() - change.from()));
        return new Diff(
                one,
                other,
                metrics,
                Evaluator.overlap(before, after),
                changed.stream().limit(checked(limit)).toList());
    }

    private static List<String> first(Answer answer) {
        return answer.found().stream().limit(10).toList();
    }

    private Evaluation evaluation(Caller caller, String project, long id) {
        UUID projectId = find(caller, project).id();
        return evaluations
                .find(caller.workspaceId(), id)
                .filter(one -> one.projectId().equals(projectId))
                .orElseThrow(() -> new NotFound("there is no evaluation " + id + " of project \"" + project + "\""));
    }

    private Project find(Caller caller, String project) {
        return projects.find(caller.workspaceId(), project).orElseThrow(() -> new UnknownProject(project));
    }

    private static int checked(int limit) {
        if (limit < 1 || limit > MOST) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to " + MOST);
        }
        return limit;
    }
}
