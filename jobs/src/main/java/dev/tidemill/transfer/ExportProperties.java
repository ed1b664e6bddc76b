package dev.tidemill.transfer;

import dev.tidemill.run.JobPolicy;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/// `job-configs/export.yaml`.
///
/// @param partDocuments documents in one part
/// @param partVectors vectors in one part
/// @param partBytes text or originals in one part, more only where one item has more
/// @param threads parts that are written at a time
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "export", ignoreUnknownFields = false)
public record ExportProperties(
        @DefaultValue("500") int partDocuments,
        @DefaultValue("20000") int partVectors,
        @DefaultValue("32MB") DataSize partBytes,
        @DefaultValue("2") int threads,
        @DefaultValue JobPolicy run) {

    /// What changes the corpus while it is being written out.
    private static final Set<String> NEVER_BESIDE = Set.of("ingest", "prune", "forget", "import", "reembed");

    public ExportProperties {
        if (partDocuments < 1 || partDocuments > 100_000 || partVectors < 1 || partVectors > 1_000_000) {
            throw new IllegalArgumentException("export.part-documents is " + partDocuments + " and export.part-vectors "
                    + partVectors + ": must be between 1 and 100000, and between 1 and 1000000");
        }
        if (partBytes.toBytes() < 1 || threads < 1 || threads > 64) {
            throw new IllegalArgumentException("export.part-bytes is " + partBytes + " and export.threads " + threads
                    + ": must be at least 1, and between 1 and 64");
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
