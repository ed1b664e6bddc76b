package dev.tidemill.reembed;

import com.sun.management.OperatingSystemMXBean;
import dev.tidemill.embed.Embedders;
import dev.tidemill.sets.IndexTuning;
import dev.tidemill.sets.IndexTuning.Tuned;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.IndexBuilder.Means;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Missing;
import dev.tidemill.store.Workspaces;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Builds the index of a set that is large enough to need one, and finds how it is to be walked.
final class BuildIndexTasklet implements Tasklet {

    private static final Logger log = LoggerFactory.getLogger(BuildIndexTasklet.class);
    private static final int LEAST_MEGABYTES = 64;

    private final Workspaces workspaces;
    private final Projects projects;
    private final VectorSets sets;
    private final Vectors vectors;
    private final GoldenSets goldenSets;
    private final IndexBuilder builder;
    private final Embedders embedders;
    private final ReembedProperties.Index limits;

    BuildIndexTasklet(
            Workspaces workspaces,
            Projects projects,
            VectorSets sets,
            Vectors vectors,
            GoldenSets goldenSets,
            IndexBuilder builder,
            Embedders embedders,
            ReembedProperties.Index limits) {
        this.workspaces = workspaces;
        this.projects = projects;
        this.sets = sets;
        this.vectors = vectors;
        this.goldenSets = goldenSets;
        this.builder = builder;
        this.embedders = embedders;
        this.limits = limits;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) throws InterruptedException {
        StepExecution step = contribution.getStepExecution();
        ReembedParameters parameters = ReembedParameters.of(step);
        // Not in the step's own transaction: a concurrent build waits for every transaction that has read anything.
        VectorSet set = workspaces
                .callAlone(parameters.workspaceId(), () -> sets.ofLaunch(parameters.workspaceId(), parameters.launch()))
                .orElseThrow(() -> new IllegalStateException("the set of this launch is gone: start a new run"));
        long rows = vectors.count(parameters.workspaceId(), set);
        if (rows < limits.rows() || set.dimensions() > set.type().indexable()) {
            return RepeatStatus.FINISHED;
        }
        Means means = means(set, rows);
        log.info(
                "building the index of {} with {} MB and {} workers",
                set.table(),
                means.memoryMegabytes(),
                means.workers());
        boolean built = builder.build(
                set,
                means,
                progress -> sets.progress(parameters.workspaceId(), set.id(), progress),
                step::isTerminateOnly);
        if (!built) {
            // Asked to stop: a resumed run builds it.
            return RepeatStatus.CONTINUABLE;
        }
        sets.progress(parameters.workspaceId(), set.id(), "index: finding how it is to be walked");
        Tuned tuned = new IndexTuning(vectors)
                .tune(parameters.workspaceId(), set, queries(parameters, set), limits.targetRecall());
        workspaces.run(
                parameters.workspaceId(),
                () -> sets.tuned(parameters.workspaceId(), set.id(), tuned.efSearch(), tuned.recall()));
        contribution.incrementWriteCount(1);
        return RepeatStatus.FINISHED;
    }

    /// Golden questions where there are some, else texts of the set itself.
    private List<float[]> queries(ReembedParameters parameters, VectorSet set) {
        List<float[]> queries = new ArrayList<>();
        Project project =
                projects.find(parameters.workspaceId(), parameters.project()).orElseThrow();
        for (GoldenSets.GoldenSet golden : goldenSets.list(project)) {
            goldenSets.questions(parameters.workspaceId(), golden.id(), "", limits.queries() - queries.size()).stream()
                    .map(question ->
                            embedders.of(set.model(), set.fingerprint()).embedQuery(question.question()))
                    .forEach(queries::add);
            if (queries.size() >= limits.queries()) {
                return queries;
            }
        }
        vectors
                .sample(parameters.workspaceId(), parameters.projectId(), set, limits.queries() - queries.size())
                .stream()
                .map(Missing::cached)
                .filter(Objects::nonNull)
                .forEach(queries::add);
        return queries;
    }

    private Means means(VectorSet set, long rows) {
        int workers =
                limits.workers() >= 0 ? limits.workers() : Runtime.getRuntime().availableProcessors() - 1;
        if (limits.memory().toBytes() > 0) {
            return new Means((int) limits.memory().toMegabytes(), workers);
        }
        long machine = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize() >> 20
                : LEAST_MEGABYTES * 4L;
        return new Means(
                (int) Math.clamp(needed(set, rows) >> 20, LEAST_MEGABYTES, Math.max(LEAST_MEGABYTES, machine / 4)),
                workers);
    }

    /// A node holds its vector and pointers to its neighbours, with some room to spare.
    static long needed(VectorSet set, long rows) {
        long vector = (long) set.dimensions() * set.type().bytes();
        return rows * (vector + 1_000) * 5 / 4;
    }
}
