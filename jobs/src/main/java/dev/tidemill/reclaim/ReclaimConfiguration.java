package dev.tidemill.reclaim;

import dev.tidemill.backup.LoadingSteps;
import dev.tidemill.backup.Scratch;
import dev.tidemill.backup.ScratchRequests;
import dev.tidemill.run.ChildRuns;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Progress;
import dev.tidemill.run.RunProperties;
import dev.tidemill.run.StepWork;
import dev.tidemill.run.Steps;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.ExportProperties;
import dev.tidemill.transfer.ProjectFiles.Piece;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The reclaim job: the steps of a restore, then those of an export, in the order in which they run; and the imports.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ReclaimProperties.class)
public class ReclaimConfiguration {

    /// The job's name in runs, YAML and endpoints.
    public static final String JOB = "reclaim";

    @Bean
    Reclaim reclaim(Scratch scratch, ExportProperties export, ChildRuns children) {
        return new Reclaim(scratch, export, children);
    }

    @Bean
    ReclaimRequests reclaimRequests(
            ScratchRequests scratch, Workspaces workspaces, JdbcClient jdbc, RunProperties runs) {
        return new ReclaimRequests(scratch, workspaces, jdbc, runs);
    }

    @Bean
    Job reclaimJob(
            Steps steps,
            Reclaim reclaim,
            LoadingSteps loading,
            @Qualifier("reclaimWriteStep") Step write,
            @Qualifier("drillDiscardStep") Step discard) {
        return loading.rows(steps.job(JOB))
                .next(again(steps, "upgrade", reclaim::upgrade))
                .next(again(steps, "cut", reclaim::cut))
                .next(write)
                .next(again(steps, "seal", reclaim::seal))
                .next(steps.tasklet("import", (contribution, context) -> reclaim.bring(contribution))
                        .build())
                .next(discard)
                .build();
    }

    /// A step that a resumed run does again: what it made may be gone.
    private static Step again(Steps steps, String name, StepWork work) {
        return steps.workInEveryRun(name, work).build();
    }

    @Bean
    Step reclaimWriteStep(
            Steps steps,
            @Qualifier("reclaimReader") PieceReader reader,
            @Qualifier("reclaimWriter") ItemWriter<Piece> writer) {
        return steps.<Piece, Piece>chunks("write", 1)
                .reader(reader)
                .writer(writer)
                .allowStartIfComplete(true)
                .build();
    }

    @Bean
    @StepScope
    PieceReader reclaimReader(Reclaim reclaim, @Value("#{stepExecution}") StepExecution step) {
        return new PieceReader(reclaim, step);
    }

    @Bean
    @StepScope
    ItemWriter<Piece> reclaimWriter(Reclaim reclaim, @Value("#{stepExecution}") StepExecution step) {
        return (Chunk<? extends Piece> chunk) -> reclaim.write(step, chunk.getItems());
    }

    /// Reads the parts that are still to be written.
    static class PieceReader implements ItemStreamReader<Piece> {
        private final Reclaim reclaim;
        private final StepExecution step;
        private Iterator<Piece> open = List.<Piece>of().iterator();

        PieceReader(Reclaim reclaim, StepExecution step) {
            this.reclaim = reclaim;
            this.step = step;
        }

        @Override
        public void open(ExecutionContext context) {
            List<Piece> pieces = reclaim.open(step);
            Progress.total(context, pieces.size());
            open = pieces.iterator();
        }

        @Override
        public @Nullable Piece read() {
            return open.hasNext() ? open.next() : null;
        }
    }

    @Bean
    JobDefinition reclaimDefinition(
            @Qualifier("reclaimJob") Job job, ReclaimRequests requests, ReclaimProperties properties) {
        return JobDefinition.of(
                        job,
                        "takes a project or a workspace out of a backup into the live installation, vectors included")
                .parameter(JobParameter.text(ReclaimParameters.BACKUP, "id of a backup, or latest")
                        .orElse("latest"))
                .parameter(
                        JobParameter.text(ReclaimParameters.ONLY, "id or slug of the workspace; default the caller's")
                                .optional())
                .parameter(JobParameter.text(
                                ReclaimParameters.PROJECT, "slug of the only project; without it all of the workspace")
                        .optional())
                .parameter(
                        JobParameter.text(ReclaimParameters.INTO, "slug of the live project; without it the one it had")
                                .optional())
                .parameter(JobParameter.choice(
                                ReclaimParameters.ON_CONFLICT,
                                List.of("refuse", "skip", "replace"),
                                "when the live project has documents: refuse all, skip those that are there, or replace"
                                        + " them")
                        .orElse("refuse"))
                .prepared(requests::prepare)
                .planned(requests::plan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }
}
