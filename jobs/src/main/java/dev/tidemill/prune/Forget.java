package dev.tidemill.prune;

import dev.tidemill.document.ContentHash;
import dev.tidemill.prune.Retention.Place;
import dev.tidemill.prune.Retention.Subject;
import dev.tidemill.run.Audit;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Runs;
import dev.tidemill.store.Workspaces;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Takes requests to forget, and shows their receipts. What is to be forgotten is never a parameter of a run: those
/// are kept.
public final class Forget {

    /// The job's name in runs, dead letters, YAML and endpoints.
    public static final String JOB = "forget";

    private static final int SHORTEST = 3;
    private static final int LONGEST = 1000;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Retention retention;
    private final Runs runs;

    public Forget(Workspaces workspaces, JdbcClient jdbc, Runs runs) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.retention = new Retention(workspaces, jdbc);
        this.runs = runs;
    }

    /// What to forget: a document, a source, or everything that holds a text.
    public record Target(Subject subject, @Nullable String text) {

        public Target {
            boolean named = subject.source() != null || subject.document() != null;
            if (named == (text != null)) {
                throw new InvalidParameter(
                        "text", "name a document, or a source, or give a text: one of them, and nothing else");
            }
            if (text != null && (text.strip().length() < SHORTEST || text.length() > LONGEST)) {
                throw new InvalidParameter(
                        "text",
                        "the text must have " + SHORTEST + " to " + LONGEST + " characters, or it is found anywhere");
            }
        }

        String kind() {
            return text != null ? "text" : subject.document() != null ? "document" : "source";
        }
    }

    /// A request with its run.
    public record Requested(UUID receiptId, long runId) {}

    /// What was forgotten, and how to see that it was.
    ///
    /// @param removed rows by kind
    /// @param verification query that anyone may ask again
    /// @param traces what it found
    /// @param backupsExpireAt from then on no backup holds it either
    public record Receipt(
            UUID id,
            String kind,
            String state,
            @Nullable String textSha256,
            String requestedBy,
            OffsetDateTime requestedAt,
            String removed,
            @Nullable String verification,
            @Nullable Long traces,
            @Nullable OffsetDateTime verifiedAt,
            @Nullable OffsetDateTime backupsExpireAt) {}

    /// Notes the request and starts its run.
    ///
    /// @throws InvalidParameter when there is no such thing
    /// @throws dev.tidemill.run.RunConflict when another forget is at work in the workspace
    public Requested request(UUID workspaceId, Target target, String actor) {
        UUID receipt = note(workspaceId, target, actor);
        try {
            long run = runs.launch(LaunchRequest.of(workspaceId, JOB, Map.of("request", receipt.toString()), "api")
                            .by(actor, ""))
                    .runId();
            return new Requested(receipt, run);
        } catch (RuntimeException e) {
            workspaces.run(
                    workspaceId,
                    () -> jdbc.sql("DELETE FROM forget_receipts WHERE workspace_id = :workspace AND id = :id")
                            .param("workspace", workspaceId)
                            .param("id", receipt)
                            .update());
            throw e;
        }
    }

    private UUID note(UUID workspaceId, Target target, String actor) {
        Place place = retention.find(workspaceId, target.subject());
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        parameters.put("kind", target.kind());
        parameters.put("project", text(place.projectId()));
        parameters.put("source", text(place.sourceId()));
        parameters.put("document", text(place.documentId()));
        String needle = target.text() != null
                ? target.text().strip()
                // As dead letters and messages name it.
                : place.sourceId() + "/"
                        + (target.subject().document() == null
                                ? ""
                                : target.subject().document());
        parameters.put("needle", needle);
        parameters.put("hash", ContentHash.of(needle).hex());
        parameters.put("actor", actor);
        return workspaces.call(workspaceId, () -> {
            UUID id = jdbc.sql("""
                            INSERT INTO forget_receipts (workspace_id, kind, project_id, source_id, document_id, needle, needle_sha256,
                              requested_by)
                            VALUES (:workspace, :kind, CAST(:project AS uuid), CAST(:source AS uuid), CAST(:document AS uuid), :needle,
                              :hash, :actor) RETURNING id
                            """).params(parameters).query(UUID.class).single();
            new Audit(jdbc)
                    .record(workspaceId, actor, "forget.request", "receipt " + id, Map.of("kind", target.kind()));
            return id;
        });
    }

    private static @Nullable String text(@Nullable UUID id) {
        return id == null ? null : id.toString();
    }

    public List<Receipt> receipts(UUID workspaceId, int limit) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(SELECT + " ORDER BY requested_at DESC, id LIMIT :limit")
                        .param("workspace", workspaceId)
                        .param("limit", limit)
                        .query(Receipt.class)
                        .list());
    }

    public Optional<Receipt> receipt(UUID workspaceId, UUID id) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(SELECT + " AND id = :id")
                        .param("workspace", workspaceId)
                        .param("id", id)
                        .query(Receipt.class)
                        .optional());
    }

    private static final String SELECT = """
            SELECT id, kind, state, needle_sha256 AS text_sha256, requested_by, requested_at, removed::text AS removed, verification,
                   traces, verified_at, backups_expire_at
            FROM forget_receipts WHERE workspace_id = :workspace""";

    /// Where a text still stands in the rows of the workspace, with how often.
    public Map<String, Long> traces(UUID workspaceId, String text) {
        return workspaces.call(workspaceId, () -> Traces.inRows(jdbc, text));
    }
}
