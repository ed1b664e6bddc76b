package dev.tidemill.reembed;

import dev.tidemill.embed.Embedders;
import dev.tidemill.run.Progress;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.VectorSets.Switched;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Vectors.Missing;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Embeds what came since the set was filled and was not brought by its own ingest, then lets the set answer queries:
/// one update, in the transaction in which the set is known to be whole.
final class SwitchTasklet implements Tasklet {

    private static final String AFTER = "switch.after";
    private static final String TRIES = "switch.tries";
    private static final int MOST_TRIES = 20;
    private static final UUID FIRST = new UUID(0, 0);

    private final Workspaces workspaces;
    private final VectorSets sets;
    private final Vectors vectors;
    private final Embedders embedders;
    private final ReembedProperties properties;

    SwitchTasklet(
            Workspaces workspaces,
            VectorSets sets,
            Vectors vectors,
            Embedders embedders,
            ReembedProperties properties) {
        this.workspaces = workspaces;
        this.sets = sets;
        this.vectors = vectors;
        this.embedders = embedders;
        this.properties = properties;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        ReembedParameters parameters = ReembedParameters.of(step);
        ExecutionContext run = step.getJobExecution().getExecutionContext();
        if (!Boolean.TRUE.equals(run.get(GateTasklet.OPEN))) {
            return RepeatStatus.FINISHED;
        }
        // Not in the step's own transaction, which would stand open while texts are embedded.
        VectorSet set = workspaces
                .callAlone(parameters.workspaceId(), () -> sets.ofLaunch(parameters.workspaceId(), parameters.launch()))
                .orElseThrow(() -> new IllegalStateException("the set of this launch is gone: start a new run"));
        if (catchUp(step, parameters, set)) {
            return RepeatStatus.CONTINUABLE;
        }
        return workspaces.call(parameters.workspaceId(), () -> {
            if (parameters.hold()) {
                sets.hold(parameters.workspaceId(), set.id(), properties.soak());
                tell(
                        run,
                        "vector set " + set.id() + " waits for ./tidemill reembed switch " + set.id() + ", at most "
                                + properties.soak());
                return RepeatStatus.FINISHED;
            }
            Switched switched = sets.switchTo(
                    parameters.workspaceId(),
                    parameters.projectId(),
                    set.id(),
                    run.getLong(GateTasklet.MAY_MISS, 0),
                    properties.soak());
            if (!switched.done()) {
                int tries = step.getExecutionContext().getInt(TRIES, 0) + 1;
                if (tries > MOST_TRIES) {
                    throw new IllegalStateException("vector set " + set.id() + " lacks the vectors of "
                            + switched.missing() + " texts, which come faster than they are embedded or are refused:"
                            + " resume the run when fewer are ingested");
                }
                step.getExecutionContext().putInt(TRIES, tries);
                step.getExecutionContext().putString(AFTER, FIRST.toString());
                return RepeatStatus.CONTINUABLE;
            }
            contribution.incrementWriteCount(1);
            tell(
                    run,
                    "vector set " + set.id() + " by " + set.model() + " is live; set " + switched.from()
                            + " can be gone back to for " + properties.soak());
            return RepeatStatus.FINISHED;
        });
    }

    /// @return whether there may be more
    private boolean catchUp(StepExecution step, ReembedParameters parameters, VectorSet set) {
        ExecutionContext own = step.getExecutionContext();
        UUID after = UUID.fromString(own.getString(AFTER, FIRST.toString()));
        List<Missing> page = vectors.missing(
                parameters.workspaceId(),
                parameters.projectId(),
                set,
                after,
                properties.embed().commitChunks());
        if (page.isEmpty()) {
            return false;
        }
        List<Embedded> made = new ArrayList<>();
        for (Missing text : page) {
            // Given up in the step before this one, with its dead letter, or to be found by the count below.
            if (TextReader.make(embedders.of(set.model(), set.fingerprint()), text)
                    instanceof TextReader.Made.Vector vector) {
                made.add(vector.embedded());
            }
        }
        workspaces.run(
                parameters.workspaceId(),
                () -> vectors.writeHeld(parameters.workspaceId(), parameters.projectId(), set, made));
        own.putString(AFTER, page.getLast().contentId().toString());
        return true;
    }

    private static void tell(ExecutionContext run, String told) {
        Object before = run.get("run.message");
        Progress.message(run, before == null ? told : told + "; " + before);
    }
}
