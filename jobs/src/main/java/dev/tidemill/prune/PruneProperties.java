package dev.tidemill.prune;

import dev.tidemill.precaution.BackupBefore;
import dev.tidemill.run.JobPolicy;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/prune.yaml`: what is kept how long where no policy of a workspace, project or source says otherwise.
///
/// @param versions superseded versions of documents
/// @param undo how long a deleted document can still be brought back
/// @param maxAge age at which a published document is retired, null for never
/// @param queries age of the query log
/// @param history age of ended launches with their runs, failures and expired plans
/// @param fires age of what was made of the times of schedules
/// @param letters age of dead letters that are settled
/// @param cache age of cached embeddings that no chunk uses
/// @param blobs age of originals that no version has
/// @param usage age of the counts of single days
/// @param evaluations age of evaluations; the newest good one of each set stays
/// @param asked age of questions that people asked, since they were asked last
/// @param sets time that a retired vector set keeps its table
/// @param massDelete when documents to be removed wait for a person
/// @param backupBefore what it does about backups before it removes many documents and versions
/// @param batch how it deletes
/// @param reindex how many times the size that it needs the index of a vector set may have before it is made anew, null
/// to make none anew
/// @param samples names that a plan shows of each kind
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "prune", ignoreUnknownFields = false)
public record PruneProperties(
        @DefaultValue Versions versions,
        @DefaultValue("7d") Duration undo,
        @Nullable Duration maxAge,
        @DefaultValue("90d") Duration queries,
        @DefaultValue("90d") Duration history,
        @DefaultValue("400d") Duration fires,
        @DefaultValue("90d") Duration letters,
        @DefaultValue("30d") Duration cache,
        @DefaultValue("1d") Duration blobs,
        @DefaultValue("400d") Duration usage,
        @DefaultValue("400d") Duration evaluations,
        @DefaultValue("90d") Duration asked,
        @DefaultValue("7d") Duration sets,
        @DefaultValue MassDelete massDelete,
        @DefaultValue BackupBefore backupBefore,
        @DefaultValue Batch batch,
        @Nullable Double reindex,
        @DefaultValue("5") int samples,
        @DefaultValue JobPolicy run) {

    /// What must not run beside it in the workspace: an ingest may be about to use an original that nothing refers to.
    private static final Set<String> NEVER_BESIDE = Set.of("ingest", "forget");

    public PruneProperties {
        Map<String, Duration> ages = Map.ofEntries(
                Map.entry("undo", undo),
                Map.entry("queries", queries),
                Map.entry("history", history),
                Map.entry("fires", fires),
                Map.entry("letters", letters),
                Map.entry("cache", cache),
                Map.entry("blobs", blobs),
                Map.entry("usage", usage),
                Map.entry("evaluations", evaluations),
                Map.entry("asked", asked),
                Map.entry("sets", sets));
        require(
                reindex == null || (reindex >= 1.2 && reindex <= 100),
                "prune.reindex",
                String.valueOf(reindex),
                "must be between 1.2 and 100");
        ages.forEach((name, age) -> require(!age.isNegative(), "prune." + name, age, "must not be negative"));
        require(maxAge == null || maxAge.isPositive(), "prune.max-age", String.valueOf(maxAge), "must be more than 0");
        require(samples >= 0 && samples <= 100, "prune.samples", samples, "must be between 0 and 100");
        backupBefore = BackupBefore.or(backupBefore, BackupBefore.Mode.TAKE, Duration.ofHours(26), 1_000);
        run = beside(run, NEVER_BESIDE);
    }

    static JobPolicy beside(JobPolicy run, Set<String> never) {
        Set<String> conflicts = new TreeSet<>(run.conflicts());
        conflicts.addAll(never);
        return new JobPolicy(
                run.priority(), run.concurrency(), run.workspaceConcurrency(), conflicts, run.retry(), run.skip());
    }

    /// Superseded versions.
    ///
    /// @param keep of each document, whatever their age
    /// @param after age from which on further ones go
    public record Versions(
            @DefaultValue("1") int keep,
            @DefaultValue("30d") Duration after) {
        public Versions {
            require(keep >= 0, "prune.versions.keep", keep, "must not be negative");
            require(!after.isNegative(), "prune.versions.after", after, "must not be negative");
        }
    }

    /// When the documents of a project that would go wait for a person.
    ///
    /// @param percent of the documents of the project
    /// @param minimum documents below which the share is not judged
    public record MassDelete(
            @DefaultValue("30") int percent,
            @DefaultValue("10") long minimum) {
        public MassDelete {
            require(percent >= 0 && percent <= 100, "prune.mass-delete.percent", percent, "must be between 0 and 100");
            require(minimum >= 1, "prune.mass-delete.minimum", minimum, "must be at least 1");
        }

        boolean suspicious(long documents, long doomed) {
            return doomed >= minimum && doomed * 100 > documents * percent;
        }
    }

    /// How it deletes.
    ///
    /// @param commitItems items in one transaction
    /// @param pause between two transactions, so that others get their turn
    public record Batch(
            @DefaultValue("100") int commitItems,
            @DefaultValue("0s") Duration pause) {
        public Batch {
            require(
                    commitItems >= 1 && commitItems <= 10_000,
                    "prune.batch.commit-items",
                    commitItems,
                    "must be between 1 and 10000");
            require(
                    !pause.isNegative() && pause.compareTo(Duration.ofSeconds(10)) <= 0,
                    "prune.batch.pause",
                    pause,
                    "must be between 0 and 10s");
        }
    }

    static void require(boolean fine, String key, Object value, String rule) {
        if (!fine) {
            throw new IllegalArgumentException(key + " is " + value + ": " + rule);
        }
    }
}
