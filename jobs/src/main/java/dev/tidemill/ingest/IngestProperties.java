package dev.tidemill.ingest;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.extract.ExtractLimits;
import dev.tidemill.run.JobPolicy;
import dev.tidemill.source.WebLimits;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/// `job-configs/ingest.yaml`. Unknown keys and values out of range are refused when the process starts.
///
/// @param chunk how texts are cut
/// @param discover how sources are listed
/// @param extract how files are read
/// @param embed how vectors are made
/// @param publish how versions are made visible
/// @param index when a vector set gets its index
/// @param massDelete when missing documents wait for a person
/// @param web how addresses are fetched
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "ingest", ignoreUnknownFields = false)
public record IngestProperties(
        @DefaultValue Chunk chunk,
        @DefaultValue Discover discover,
        @DefaultValue Extract extract,
        @DefaultValue Embed embed,
        @DefaultValue Publish publish,
        @DefaultValue Index index,
        @DefaultValue MassDelete massDelete,
        @DefaultValue Web web,
        @DefaultValue JobPolicy run) {

    public IngestProperties {
        // A folder may well be full of what holds no text: only when nearly everything is refused, something else
        // is wrong.
        run = run.skippingUpTo(80, 500);
    }

    /// How texts are cut. A change makes every document a new version at its next ingest.
    ///
    /// @param version name of this setting, kept with every version
    /// @param targetTokens size at which a chunk is closed at the next good boundary
    /// @param maxTokens size that no chunk exceeds, context header and special tokens included
    /// @param overlapTokens text that a chunk repeats from the one before in the same section
    /// @param maxChars size in characters that no chunk exceeds
    public record Chunk(
            @DefaultValue("1") String version,
            @DefaultValue("256") int targetTokens,
            @DefaultValue("384") int maxTokens,
            @DefaultValue("0") int overlapTokens,
            @DefaultValue("8000") int maxChars) {

        public Chunk {
            require(!version.isBlank(), "ingest.chunk.version", version, "must not be empty");
            require(targetTokens >= 32, "ingest.chunk.target-tokens", targetTokens, "must be at least 32");
            require(
                    maxTokens >= targetTokens,
                    "ingest.chunk.max-tokens",
                    maxTokens,
                    "must be at least target-tokens (" + targetTokens + ")");
            require(
                    overlapTokens >= 0 && overlapTokens <= targetTokens / 2,
                    "ingest.chunk.overlap-tokens",
                    overlapTokens,
                    "must be between 0 and half of target-tokens");
            range(maxChars, 256, 1_000_000, "ingest.chunk.max-chars");
        }

        ChunkProfile profile() {
            return new ChunkProfile(version, targetTokens, maxTokens, overlapTokens, maxChars);
        }
    }

    /// How sources are listed.
    ///
    /// @param commitDocuments documents in one transaction
    public record Discover(@DefaultValue("100") int commitDocuments) {
        public Discover {
            range(commitDocuments, 1, 10_000, "ingest.discover.commit-documents");
        }
    }

    /// How files are read.
    ///
    /// @param concurrency files read at a time, 0 for as many as there are cores
    /// @param commitDocuments documents in one transaction
    /// @param timeout for one file
    /// @param childMemory heap of a child process that reads risky formats
    /// @param maxFile largest file that is read
    /// @param maxTextChars longest text of one file, in characters
    public record Extract(
            @DefaultValue("0") int concurrency,
            @DefaultValue("10") int commitDocuments,
            @DefaultValue("60s") Duration timeout,
            @DefaultValue("256MB") DataSize childMemory,
            @DefaultValue("100MB") DataSize maxFile,
            @DefaultValue("120000000") long maxTextChars) {

        public Extract {
            range(concurrency, 0, 1024, "ingest.extract.concurrency");
            range(commitDocuments, 1, 10_000, "ingest.extract.commit-documents");
            require(timeout.toMillis() > 0, "ingest.extract.timeout", timeout, "must be more than 0");
            require(
                    childMemory.toMegabytes() >= 64,
                    "ingest.extract.child-memory",
                    childMemory,
                    "must be at least 64MB");
            require(maxFile.toBytes() > 0, "ingest.extract.max-file", maxFile, "must be more than 0");
            require(maxTextChars > 0, "ingest.extract.max-text-chars", maxTextChars, "must be more than 0");
        }

        int threads() {
            return concurrency == 0 ? Runtime.getRuntime().availableProcessors() : concurrency;
        }

        ExtractLimits limits() {
            return new ExtractLimits(timeout, childMemory.toBytes(), maxFile.toBytes(), maxTextChars);
        }
    }

    /// How vectors are made.
    ///
    /// @param concurrency texts embedded at a time, 0 for as many as there are cores
    /// @param commitChunks vectors in one transaction
    public record Embed(
            @DefaultValue("0") int concurrency,
            @DefaultValue("64") int commitChunks) {
        public Embed {
            range(concurrency, 0, 1024, "ingest.embed.concurrency");
            range(commitChunks, 1, 10_000, "ingest.embed.commit-chunks");
        }

        int threads() {
            return concurrency == 0 ? Runtime.getRuntime().availableProcessors() : concurrency;
        }
    }

    /// How versions are made visible.
    ///
    /// @param commitDocuments documents in one transaction
    public record Publish(@DefaultValue("50") int commitDocuments) {
        public Publish {
            range(commitDocuments, 1, 10_000, "ingest.publish.commit-documents");
        }
    }

    /// When a vector set gets its HNSW index. Below, a search compares with every vector, which is exact.
    ///
    /// @param rows vectors from which on an index is built, 0 for always
    /// @param memory for building it
    public record Index(
            @DefaultValue("20000") long rows,
            @DefaultValue("512MB") DataSize memory) {
        public Index {
            require(rows >= 0, "ingest.index.rows", rows, "must not be negative");
            require(memory.toMegabytes() >= 1, "ingest.index.memory", memory, "must be at least 1MB");
        }
    }

    /// When documents missing at their source wait for a person. A source that lists nothing at all always does.
    ///
    /// @param percent of the documents of a source
    /// @param minimum documents below which the share is not judged
    public record MassDelete(
            @DefaultValue("30") int percent,
            @DefaultValue("10") long minimum) {
        public MassDelete {
            range(percent, 0, 100, "ingest.mass-delete.percent");
            require(minimum >= 1, "ingest.mass-delete.minimum", minimum, "must be at least 1");
        }

        /// Whether so many of the documents are missing that a person has to say whether they are really gone.
        boolean suspicious(long documents, long gone) {
            boolean nothingListed = documents > 0 && gone == documents;
            return nothingListed || (gone >= minimum && gone * 100 > documents * percent);
        }
    }

    /// How addresses are fetched.
    ///
    /// @param timeout for connecting, and again for one page
    /// @param attempts most tries of one address
    /// @param backoff wait before the second try, doubled for each further one
    /// @param allowPrivate whether addresses in private networks may be fetched
    public record Web(
            @DefaultValue("30s") Duration timeout,
            @DefaultValue("3") int attempts,
            @DefaultValue("1s") Duration backoff,
            @DefaultValue("false") boolean allowPrivate) {

        public Web {
            require(timeout.toMillis() > 0, "ingest.web.timeout", timeout, "must be more than 0");
            range(attempts, 1, 100, "ingest.web.attempts");
            require(!backoff.isNegative(), "ingest.web.backoff", backoff, "must not be negative");
        }
    }

    WebLimits webLimits() {
        return new WebLimits(
                web.timeout(), extract.maxFile().toBytes(), web.attempts(), web.backoff(), web.allowPrivate());
    }

    private static void range(long value, long least, long most, String key) {
        require(value >= least && value <= most, key, value, "must be between " + least + " and " + most);
    }

    private static void require(boolean fine, String key, Object value, String rule) {
        if (!fine) {
            throw new IllegalArgumentException(key + " is " + value + ": " + rule);
        }
    }
}
