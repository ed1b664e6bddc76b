package dev.tidemill.ingest;

import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What earlier ingests of a workspace came to, for estimates of the next.
final class IngestMeasures {

    /// Versions looked at, the newest ones.
    private static final int SAMPLE = 500;

    private static final int RUNS = 20;

    /// Plain English: about four characters to a token.
    private static final double ASSUMED_BYTES_PER_TOKEN = 4;

    /// Text twice (canonical and in its chunk), its words, vector and index entries.
    private static final double ASSUMED_TEXTS = 4;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final int targetTokens;
    private final int dimensions;

    IngestMeasures(Workspaces workspaces, JdbcClient jdbc, int targetTokens, int dimensions) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.targetTokens = targetTokens;
        this.dimensions = dimensions;
    }

    /// @param notes which of the numbers are assumed
    record Ratios(double tokensPerByte, double tokensPerChunk, double diskBytesPerChunk, List<String> notes) {}

    /// Zero where nothing was measured.
    record Rates(double documentsPerSecond, double chunksPerSecond) {}

    private record Sums(long bytes, long chunks, long tokens) {}

    private record Sizes(long bytes, double chunks) {}

    Ratios ratios(UUID workspaceId) {
        Sums sums = workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT coalesce(sum(b.size), 0) AS bytes, coalesce(sum(v.chunk_count), 0) AS chunks,
                               coalesce(sum((SELECT sum(c.tokens) FROM chunks c
                                             WHERE c.workspace_id = v.workspace_id AND c.version_id = v.id)), 0) AS tokens
                        FROM (SELECT * FROM document_versions
                              WHERE workspace_id = :workspace AND state = 'published' ORDER BY id DESC LIMIT :sample) v
                        JOIN blobs b ON b.workspace_id = v.workspace_id AND b.sha256 = v.sha256
                        """)
                        .param("workspace", workspaceId)
                        .param("sample", SAMPLE)
                        .query(Sums.class)
                        .single());
        List<String> notes = new ArrayList<>();
        boolean measured = sums.bytes() > 0 && sums.chunks() > 0 && sums.tokens() > 0;
        if (!measured) {
            notes.add("no published document of this workspace to measure by: assumed are " + ASSUMED_BYTES_PER_TOKEN
                    + " bytes to a token and chunks of " + targetTokens + " tokens");
        }
        double tokensPerByte = measured ? (double) sums.tokens() / sums.bytes() : 1 / ASSUMED_BYTES_PER_TOKEN;
        double tokensPerChunk = measured ? (double) sums.tokens() / sums.chunks() : targetTokens;
        return new Ratios(tokensPerByte, tokensPerChunk, diskBytesPerChunk(tokensPerByte, tokensPerChunk), notes);
    }

    /// Of the tables as a whole, as the statistics of the database know them: all workspaces share them.
    private double diskBytesPerChunk(double tokensPerByte, double tokensPerChunk) {
        Sizes sizes = jdbc.sql("""
                        SELECT (sum(pg_total_relation_size(oid)))::bigint AS bytes,
                               max(reltuples) FILTER (WHERE relname = 'chunks')::float8 AS chunks
                        FROM pg_class
                        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                          AND (relname IN ('chunks', 'document_texts', 'lexemes', 'embedding_cache') OR relname ~ '^vectors_[0-9]+$')
                        """).query(Sizes.class).single();
        return sizes.chunks() >= SAMPLE
                ? sizes.bytes() / sizes.chunks()
                : ASSUMED_TEXTS * tokensPerChunk / tokensPerByte + 2.0 * Float.BYTES * dimensions;
    }

    Rates rates(UUID workspaceId) {
        return new Rates(rate(workspaceId, Ingest.EXTRACT), rate(workspaceId, Ingest.EMBED));
    }

    private double rate(UUID workspaceId, String step) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT coalesce(sum(write_count) / nullif(sum(extract(epoch FROM end_time - start_time)), 0), 0)::float8
                        FROM (SELECT s.write_count, s.start_time, s.end_time
                              FROM launches l
                              JOIN batch_job_execution e ON e.job_instance_id = l.job_instance_id
                              JOIN batch_step_execution s ON s.job_execution_id = e.job_execution_id
                              WHERE l.workspace_id = :workspace AND l.job = :job AND s.step_name = :step
                                AND s.write_count > 0 AND s.end_time IS NOT NULL
                              ORDER BY l.job_instance_id DESC LIMIT :runs) newest
                        """)
                        .param("workspace", workspaceId)
                        .param("job", Ingest.JOB)
                        .param("step", step)
                        .param("runs", RUNS)
                        .query(Double.class)
                        .single());
    }
}
