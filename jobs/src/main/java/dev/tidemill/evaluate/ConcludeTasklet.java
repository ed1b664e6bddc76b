package dev.tidemill.evaluate;

import dev.tidemill.quality.Evaluator;
import dev.tidemill.quality.Gate;
import dev.tidemill.run.Progress;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Evaluation;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Ends the evaluations of a launch with their metrics. A canary's are compared with the ones before: a fall raises
/// an alert that lasts until an evaluation finds it mended.
final class ConcludeTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final Evaluations evaluations;
    private final @Nullable Outbox outbox;
    private final EvaluateProperties.Canary canary;

    /// @param outbox null where nobody is told
    ConcludeTasklet(
            Workspaces workspaces, Evaluations evaluations, @Nullable Outbox outbox, EvaluateProperties.Canary canary) {
        this.workspaces = workspaces;
        this.evaluations = evaluations;
        this.outbox = outbox;
        this.canary = canary;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        EvaluateParameters parameters = EvaluateParameters.of(step);
        List<String> told = new ArrayList<>();
        workspaces.run(parameters.workspaceId(), () -> {
            for (Evaluation open : evaluations.ofLaunch(parameters.workspaceId(), parameters.launch())) {
                List<Answer> answers = evaluations.answers(parameters.workspaceId(), open.id());
                Map<String, Double> metrics = Evaluator.metrics(answers);
                evaluations.finish(parameters.workspaceId(), open.id(), answers.size(), metrics);
                told.add("evaluation " + open.id() + ", " + open.goldenSet() + " of " + open.project() + ": "
                        + figures(metrics));
                if (parameters.canary()) {
                    compare(parameters, open, metrics).ifPresent(told::add);
                }
                contribution.incrementWriteCount(1);
            }
        });
        if (!told.isEmpty()) {
            Progress.message(step.getJobExecution().getExecutionContext(), String.join("; ", told));
        }
        return RepeatStatus.FINISHED;
    }

    private static String figures(Map<String, Double> metrics) {
        List<String> figures = new ArrayList<>();
        for (String name : Evaluator.QUALITY) {
            if (metrics.containsKey(name)) {
                figures.add(String.format(Locale.ROOT, "%s %.4f", name, metrics.get(name)));
            }
        }
        return String.join(", ", figures);
    }

    /// @return what fell
    private Optional<String> compare(EvaluateParameters parameters, Evaluation now, Map<String, Double> metrics) {
        Optional<Evaluation> before = evaluations.before(parameters.workspaceId(), now);
        if (before.isEmpty()) {
            return Optional.empty();
        }
        List<String> falls = new ArrayList<>();
        for (String name : canary.metrics()) {
            Double then = before.get().metrics().get(name);
            Double value = metrics.get(name);
            if (then != null && value != null && Gate.fell(then, value, canary.mayFallPercent())) {
                falls.add(String.format(Locale.ROOT, "%s from %.4f to %.4f", name, then, value));
            }
        }
        String key = "quality/" + now.project() + "/" + now.goldenSet() + "/" + now.mode();
        if (falls.isEmpty()) {
            if (outbox != null) {
                outbox.resolve(
                        parameters.workspaceId(), key, "the canary of project " + now.project() + " is well again");
            }
            return Optional.empty();
        }
        evaluations.fell(parameters.workspaceId(), now.id());
        String message = "Golden set " + now.goldenSet() + " of project " + now.project() + " fell: "
                + String.join(", ", falls) + ". ./tidemill evaluate diff "
                + before.get().id() + " " + now.id()
                + " shows which questions; what changed the corpus stands in ./tidemill runs";
        if (outbox != null) {
            outbox.replace(new Event(
                    parameters.workspaceId(),
                    Evaluate.DROPPED,
                    Severity.ERROR,
                    key,
                    message,
                    Map.of(
                            "project", now.project(),
                            "goldenSet", now.goldenSet(),
                            "before", before.get().id(),
                            "evaluation", now.id(),
                            "runId", parameters.runId(),
                            "pauses", canary.pausesSchedules())));
        }
        return Optional.of(message);
    }
}
