package dev.tidemill.transfer;

import dev.tidemill.run.JobPolicy;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/// `job-configs/import.yaml`.
///
/// @param commitDocuments documents read before they are shared out to transactions
/// @param commitVectors vectors in one transaction
/// @param commitBytes of originals, vectors, or documents' texts in one transaction, more only where one item has more
/// @param threads transactions at a time that store documents
/// @param indexRows vectors from which on the set gets its index
/// @param indexMemory for building it
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "import", ignoreUnknownFields = false)
public record ImportProperties(
        @DefaultValue("200") int commitDocuments,
        @DefaultValue("5000") int commitVectors,
        @DefaultValue("64MB") DataSize commitBytes,
        @DefaultValue("2") int threads,
        @DefaultValue("20000") long indexRows,
        @DefaultValue("512MB") DataSize indexMemory,
        @DefaultValue JobPolicy run) {

    private static final Set<String> NEVER_BESIDE = Set.of("ingest", "prune", "forget", "export", "reembed");

    public ImportProperties {
        if (commitDocuments < 1 || commitDocuments > 10_000 || commitVectors < 1 || commitVectors > 100_000) {
            throw new IllegalArgumentException(
                    "import.commit-documents is " + commitDocuments + " and import.commit-vectors " + commitVectors
                            + ": must be at least 1 and at most 10000 and 100000");
        }
        if (commitBytes.toBytes() < 1) {
            throw new IllegalArgumentException("import.commit-bytes is " + commitBytes + ": must be at least 1B");
        }
        if (threads < 1 || threads > 16) {
            throw new IllegalArgumentException("import.threads is " + threads + ": must be between 1 and 16");
        }
        run = ExportProperties.beside(run, NEVER_BESIDE);
    }
}
