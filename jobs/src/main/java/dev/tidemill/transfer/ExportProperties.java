package dev.tidemill.transfer;

import dev.tidemill.run.JobPolicy;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/export.yaml`.
///
/// @param partDocuments documents in one part
/// @param partVectors vectors in one part
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "export", ignoreUnknownFields = false)
public record ExportProperties(
        @DefaultValue("500") int partDocuments,
        @DefaultValue("20000") int partVectors,
        @DefaultValue JobPolicy run) {

    /// What changes the corpus while it is being written out.
    private static final Set<String> NEVER_BESIDE = Set.of("ingest", "prune", "forget", "import", "reembed");

    public ExportProperties {
        if (partDocuments < 1 || partDocuments > 100_000 || partVectors < 1 || partVectors > 1_000_000) {
            throw new IllegalArgumentException("export.part-documents is " + partDocuments + " and export.part-vectors "
                    + partVectors + ": must be between 1 and 100000, and between 1 and 1000000");
        }
        run = beside(run, NEVER_BESIDE);
    }

    static JobPolicy beside(JobPolicy run, Set<String> never) {
        Set<String> conflicts = new TreeSet<>(run.conflicts());
        conflicts.addAll(never);
        return new JobPolicy(
                run.priority(), run.concurrency(), run.workspaceConcurrency(), conflicts, run.retry(), run.skip());
    }
}
