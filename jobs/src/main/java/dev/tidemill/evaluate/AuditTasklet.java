package dev.tidemill.evaluate;

import dev.tidemill.run.Progress;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import dev.tidemill.sets.SetAudit;
import dev.tidemill.sets.SetAudit.Findings;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.VectorSets.Due;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Embeds a few texts of each live set again when a canary finds that long enough ago, and tells when vectors are not
/// those of their texts: that a model has become another one shows there before it shows in answers.
final class AuditTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final VectorSets sets;
    private final SetAudit audit;
    private final @Nullable Outbox outbox;
    private final EvaluateProperties.Audit properties;

    /// @param outbox null where nobody is told
    AuditTasklet(
            Workspaces workspaces,
            VectorSets sets,
            SetAudit audit,
            @Nullable Outbox outbox,
            EvaluateProperties.Audit properties) {
        this.workspaces = workspaces;
        this.sets = sets;
        this.audit = audit;
        this.outbox = outbox;
        this.properties = properties;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        EvaluateParameters parameters = EvaluateParameters.of(step);
        if (!parameters.canary() || properties.texts() == 0) {
            return RepeatStatus.FINISHED;
        }
        // Not in the step's own transaction, which would stand open while texts are embedded.
        List<Due> due = workspaces.callAlone(
                parameters.workspaceId(), () -> sets.auditDue(parameters.workspaceId(), properties.every()));
        ExecutionContext run = step.getJobExecution().getExecutionContext();
        for (Due one : due) {
            if (step.isTerminateOnly()) {
                // A resumed run looks at the rest.
                return RepeatStatus.CONTINUABLE;
            }
            contribution.incrementReadCount();
            Findings findings;
            try {
                findings = audit.audit(parameters.workspaceId(), one.projectId(), one.set(), properties.texts());
            } catch (IllegalStateException e) {
                // Its model is not to be had here: nothing is known of the vectors, and other sets have another one.
                Progress.addMessage(run, "vector set " + one.set().id() + " was not looked at: " + e.getMessage());
                continue;
            }
            workspaces.callAlone(parameters.workspaceId(), () -> {
                sets.audited(
                        parameters.workspaceId(),
                        one.set().id(),
                        findings.sampled(),
                        findings.drifted().size(),
                        findings.lowest());
                return tell(parameters, one, findings, run);
            });
            contribution.incrementWriteCount(1);
        }
        return RepeatStatus.FINISHED;
    }

    /// @return whether there was something to tell
    private boolean tell(EvaluateParameters parameters, Due due, Findings findings, ExecutionContext run) {
        String key = "vectors/" + due.project();
        if (findings.drifted().isEmpty()) {
            if (outbox != null) {
                outbox.resolve(
                        parameters.workspaceId(),
                        key,
                        "the vectors of project " + due.project() + " are those of their texts");
            }
            return false;
        }
        String message = String.format(
                Locale.ROOT,
                "Vector set %d of project %s: of %d texts embedded again %d have another vector than is stored (lowest cosine"
                        + " %.4f). The model %s is another one by now, or vectors of two models are mixed: ./tidemill reembed"
                        + " check %d --sample 500 tells how many, a re-embedding mends it",
                due.set().id(),
                due.project(),
                findings.sampled(),
                findings.drifted().size(),
                findings.lowest(),
                due.set().model(),
                due.set().id());
        Progress.addMessage(run, message);
        if (outbox != null) {
            outbox.replace(new Event(
                    parameters.workspaceId(),
                    Evaluate.DRIFTED,
                    Severity.ERROR,
                    key,
                    message,
                    Map.of(
                            "project", due.project(),
                            "set", due.set().id(),
                            "sampled", findings.sampled(),
                            "drifted", findings.drifted().size(),
                            "runId", parameters.runId())));
        }
        return true;
    }
}
