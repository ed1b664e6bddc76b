package dev.tidemill.reembed;

import dev.tidemill.quality.Evaluator;
import dev.tidemill.quality.Gate;
import dev.tidemill.quality.Gate.Evidence;
import dev.tidemill.quality.Gate.Measured;
import dev.tidemill.quality.Gate.Verdict;
import dev.tidemill.run.Progress;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Evaluation;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Compares the two sets and decides. What was measured is told with the run, whichever way it went.
final class GateTasklet implements Tasklet {

    /// Kept with the run: whether the set may be switched to.
    static final String OPEN = "gate.open";

    /// Kept with the run: texts that may be without a vector.
    static final String MAY_MISS = "gate.mayMiss";

    private final Workspaces workspaces;
    private final VectorSets sets;
    private final Vectors vectors;
    private final Evaluations evaluations;
    private final @Nullable Outbox outbox;
    private final ReembedProperties properties;

    /// @param outbox null where nobody is told
    GateTasklet(
            Workspaces workspaces,
            VectorSets sets,
            Vectors vectors,
            Evaluations evaluations,
            @Nullable Outbox outbox,
            ReembedProperties properties) {
        this.workspaces = workspaces;
        this.sets = sets;
        this.vectors = vectors;
        this.evaluations = evaluations;
        this.outbox = outbox;
        this.properties = properties;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        ReembedParameters parameters = ReembedParameters.of(step);
        workspaces.run(parameters.workspaceId(), () -> {
            VectorSet built = sets.ofLaunch(parameters.workspaceId(), parameters.launch())
                    .orElseThrow(() -> new IllegalStateException("the set of this launch is gone: start a new run"));
            Evidence evidence = evidence(parameters, built);
            Verdict verdict = Gate.judge(properties.gate().rule(), evidence);
            ExecutionContext run = step.getJobExecution().getExecutionContext();
            run.putLong(MAY_MISS, Gate.mayMiss(properties.gate().rule(), evidence.texts()));
            if (verdict.passed() || parameters.force()) {
                run.put(OPEN, true);
                String told = verdict.passed()
                        ? "the gate let vector set " + built.id() + " pass"
                        : "the gate refused vector set " + built.id() + " and was overruled ("
                                + String.join("; ", verdict.reasons()) + ")";
                Progress.message(run, told + ": " + String.join("; ", verdict.figures()));
                return;
            }
            run.put(OPEN, false);
            sets.hold(parameters.workspaceId(), built.id(), properties.soak());
            String told = "the gate refused vector set " + built.id() + " by " + built.model() + "; project "
                    + parameters.project() + " stays as it was: " + String.join("; ", verdict.reasons())
                    + ". All figures: " + String.join("; ", verdict.figures());
            Progress.message(run, told);
            if (outbox != null) {
                outbox.add(new Event(
                        parameters.workspaceId(),
                        "reembed.refused",
                        Severity.WARNING,
                        "reembed/" + parameters.project(),
                        told,
                        Map.of("project", parameters.project(), "set", built.id(), "runId", parameters.runId())));
            }
        });
        return RepeatStatus.FINISHED;
    }

    private Evidence evidence(ReembedParameters parameters, VectorSet built) {
        List<Measured> measured = new ArrayList<>();
        double overlap = 1;
        int sampled = 0;
        List<Evaluation> all = evaluations.ofLaunch(parameters.workspaceId(), parameters.launch());
        for (Evaluation evaluation : all) {
            List<Answer> answers = evaluations.answers(parameters.workspaceId(), evaluation.id());
            evaluations.finish(parameters.workspaceId(), evaluation.id(), answers.size(), Evaluator.metrics(answers));
        }
        for (Evaluation ofBuilt : all) {
            if (ofBuilt.setId() != built.id()) {
                continue;
            }
            Optional<Evaluation> ofLive = all.stream()
                    .filter(one -> one.setId() != built.id()
                            && one.goldenSetId() == ofBuilt.goldenSetId()
                            && one.mode().equals(ofBuilt.mode()))
                    .findFirst();
            if (ofLive.isEmpty()) {
                continue;
            }
            List<Answer> live =
                    evaluations.answers(parameters.workspaceId(), ofLive.get().id());
            List<Answer> candidate = evaluations.answers(parameters.workspaceId(), ofBuilt.id());
            // A question that one of the models refuses says nothing of the other.
            Set<String> both = live.stream().map(Answer::key).collect(Collectors.toSet());
            both.retainAll(candidate.stream().map(Answer::key).toList());
            live = live.stream().filter(one -> both.contains(one.key())).toList();
            candidate =
                    candidate.stream().filter(one -> both.contains(one.key())).toList();
            if (ofBuilt.goldenSetId() == Evaluations.SAMPLE) {
                overlap = Evaluator.overlap(live, candidate);
                sampled = candidate.size();
            } else {
                measured.add(new Measured(
                        ofBuilt.goldenSet(),
                        ofBuilt.mode(),
                        candidate.size(),
                        Evaluator.metrics(live),
                        Evaluator.metrics(candidate)));
            }
        }
        long missing = vectors.countMissing(parameters.workspaceId(), parameters.projectId(), built);
        return new Evidence(
                measured, overlap, sampled, vectors.count(parameters.workspaceId(), built) + missing, missing);
    }
}
