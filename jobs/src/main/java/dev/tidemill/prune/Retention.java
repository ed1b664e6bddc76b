package dev.tidemill.prune;

import dev.tidemill.run.Audit;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.store.Workspaces;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Retention policies, legal holds and the ends of single documents, each change with its audit entry.
public final class Retention {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Audit audit;

    public Retention(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.audit = new Audit(jdbc);
    }

    /// What something is about: the whole workspace, a project, a source of it or a document of that.
    ///
    /// @param project slug, null for all
    /// @param source id, null for all of the project
    /// @param document key within the source, null for all
    public record Subject(
            @Nullable String project,
            @Nullable UUID source,
            @Nullable String document) {

        public Subject {
            if (source != null && project == null) {
                throw new InvalidParameter("project", "a source is named without its project: name both");
            }
            if (document != null && project == null) {
                throw new InvalidParameter("project", "a document is named without its project: name both");
            }
        }

        @Override
        public String toString() {
            if (project == null) {
                return "the workspace";
            }
            String text = "project " + project;
            if (source != null) {
                text += ", source " + source;
            }
            return document == null ? text : text + ", document " + document;
        }
    }

    /// A value in the metadata of documents.
    public record Tag(String name, String value) {

        public Tag {
            if (name.isBlank() || value.isBlank() || value.indexOf(',') >= 0) {
                throw new InvalidParameter(
                        "tag", "tag is \"" + name + "=" + value + "\": use NAME=VALUE, one value without a comma");
            }
        }

        @Override
        public String toString() {
            return name + "=" + value;
        }
    }

    /// A subject as the tables know it.
    public record Place(
            @Nullable UUID projectId,
            @Nullable UUID sourceId,
            @Nullable UUID documentId) {}

    /// What is kept how long; null where the next wider policy decides.
    ///
    /// @param versionsKeep superseded versions of a document that stay whatever their age
    /// @param versionsAfter age from which on further ones go
    /// @param undo how long a deleted document can still be brought back
    /// @param maxAge age at which a published document is retired
    public record Rules(
            @Nullable Integer versionsKeep,
            @Nullable Duration versionsAfter,
            @Nullable Duration undo,
            @Nullable Duration maxAge) {

        public Rules {
            if (versionsKeep != null && versionsKeep < 0) {
                throw new InvalidParameter(
                        "versionsKeep", "versionsKeep is " + versionsKeep + ": must not be negative");
            }
            notNegative("versionsAfter", versionsAfter);
            notNegative("undo", undo);
            if (maxAge != null && !maxAge.isPositive()) {
                throw new InvalidParameter("maxAge", "maxAge is " + maxAge + ": must be more than 0");
            }
        }

        private static void notNegative(String name, @Nullable Duration age) {
            if (age != null && age.isNegative()) {
                throw new InvalidParameter(name, name + " is " + age + ": must not be negative");
            }
        }
    }

    /// A policy as it was set.
    public record Policy(
            UUID id,
            @Nullable String project,
            @Nullable UUID source,
            @Nullable Tag tag,
            Rules rules,
            String setBy,
            OffsetDateTime setAt) {}

    /// A hold, released or not.
    public record Hold(
            UUID id,
            String project,
            @Nullable UUID source,
            @Nullable UUID documentId,
            String reason,
            String placedBy,
            OffsetDateTime placedAt,
            @Nullable String releasedBy,
            @Nullable OffsetDateTime releasedAt) {}

    /// Finds what is meant.
    ///
    /// @throws InvalidParameter when there is no such thing
    public Place find(UUID workspaceId, Subject subject) {
        if (subject.project() == null) {
            return new Place(null, null, null);
        }
        return workspaces.call(workspaceId, () -> {
            UUID project = jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND slug = :slug")
                    .param("workspace", workspaceId)
                    .param("slug", subject.project())
                    .query(UUID.class)
                    .optional()
                    .orElseThrow(
                            () -> new InvalidParameter("project", "there is no project \"" + subject.project() + "\""));
            if (subject.source() != null) {
                long there = jdbc.sql("""
                                SELECT count(*) FROM sources
                                WHERE workspace_id = :workspace AND project_id = :project AND id = :source
                                """)
                        .param("workspace", workspaceId)
                        .param("project", project)
                        .param("source", subject.source())
                        .query(Long.class)
                        .single();
                if (there == 0) {
                    throw new InvalidParameter(
                            "source", "project " + subject.project() + " has no source " + subject.source());
                }
            }
            if (subject.document() == null) {
                return new Place(project, subject.source(), null);
            }
            return document(workspaceId, project, subject);
        });
    }

    private Place document(UUID workspaceId, UUID project, Subject subject) {
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        parameters.put("project", project);
        parameters.put(
                "source", subject.source() == null ? null : subject.source().toString());
        parameters.put("key", subject.document());
        List<Place> found =
                jdbc.sql("""
                        SELECT project_id, source_id, id AS document_id FROM documents
                        WHERE workspace_id = :workspace AND project_id = :project AND key = :key
                          AND (CAST(:source AS uuid) IS NULL OR source_id = CAST(:source AS uuid)) LIMIT 2
                        """).params(parameters).query(Retention::place).list();
        if (found.isEmpty()) {
            throw new InvalidParameter(
                    "document", "project " + subject.project() + " has no document \"" + subject.document() + "\"");
        }
        if (found.size() > 1) {
            throw new InvalidParameter(
                    "source", "several sources have a document \"" + subject.document() + "\": name the source");
        }
        return found.getFirst();
    }

    private static Place place(ResultSet row, int number) throws SQLException {
        return new Place(
                row.getObject("project_id", UUID.class),
                row.getObject("source_id", UUID.class),
                row.getObject("document_id", UUID.class));
    }

    public List<Policy> policies(UUID workspaceId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT r.id, p.slug, r.source_id, r.tag_name, r.tag_value, r.versions_keep, extract(epoch FROM r.versions_after)::bigint AS after,
                               extract(epoch FROM r.undo)::bigint AS undo, extract(epoch FROM r.max_age)::bigint AS max_age,
                               r.set_by, r.set_at
                        FROM retention_policies r
                        LEFT JOIN projects p ON p.workspace_id = r.workspace_id AND p.id = r.project_id
                        WHERE r.workspace_id = :workspace ORDER BY p.slug NULLS FIRST, r.source_id NULLS FIRST,
                          r.tag_name NULLS FIRST, r.tag_value
                        """)
                        .param("workspace", workspaceId)
                        .query((row, n) -> new Policy(
                                row.getObject("id", UUID.class),
                                row.getString("slug"),
                                row.getObject("source_id", UUID.class),
                                row.getString("tag_name") == null
                                        ? null
                                        : new Tag(row.getString("tag_name"), row.getString("tag_value")),
                                new Rules(
                                        row.getObject("versions_keep", Integer.class),
                                        duration(row.getObject("after", Long.class)),
                                        duration(row.getObject("undo", Long.class)),
                                        duration(row.getObject("max_age", Long.class))),
                                row.getString("set_by"),
                                row.getObject("set_at", OffsetDateTime.class)))
                        .list());
    }

    private static @Nullable Duration duration(@Nullable Long seconds) {
        return seconds == null ? null : Duration.ofSeconds(seconds);
    }

    private static @Nullable Double seconds(@Nullable Duration age) {
        return age == null ? null : Double.valueOf((double) age.toSeconds());
    }

    /// Sets the policy of a workspace, project or source, in place of the one it had.
    public void set(UUID workspaceId, Subject subject, Rules rules, String actor) {
        set(workspaceId, subject, null, rules, actor);
    }

    /// As [#set(UUID, Subject, Rules, String)], of those documents there that have a tag.
    public void set(UUID workspaceId, Subject subject, @Nullable Tag tag, Rules rules, String actor) {
        if (subject.document() != null) {
            throw new InvalidParameter(
                    "document", "a policy is of a workspace, a project or a source: leave document out");
        }
        if (tag != null && subject.source() != null) {
            throw new InvalidParameter(
                    "source", "a policy of a tag is of the workspace or a project: leave source out");
        }
        Place place = find(workspaceId, subject);
        Map<String, @Nullable Object> parameters = place(workspaceId, place, tag);
        parameters.put("keep", rules.versionsKeep());
        parameters.put("after", seconds(rules.versionsAfter()));
        parameters.put("undo", seconds(rules.undo()));
        parameters.put("maxAge", seconds(rules.maxAge()));
        parameters.put("actor", actor);
        workspaces.run(workspaceId, () -> {
            remove(workspaceId, place, tag);
            jdbc.sql("""
                            INSERT INTO retention_policies (workspace_id, project_id, source_id, tag_name, tag_value, versions_keep, versions_after, undo,
                              max_age, set_by)
                            VALUES (:workspace, CAST(:project AS uuid), CAST(:source AS uuid), :tagName, :tagValue, CAST(:keep AS integer),
                              CAST(:after AS float8) * interval '1 second', CAST(:undo AS float8) * interval '1 second',
                              CAST(:maxAge AS float8) * interval '1 second', :actor)
                            """).params(parameters).update();
            audit.record(workspaceId, actor, "retention.set", named(subject, tag), Map.of("rules", rules.toString()));
        });
    }

    private static Map<String, @Nullable Object> place(UUID workspaceId, Place place, @Nullable Tag tag) {
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        parameters.put("project", text(place.projectId()));
        parameters.put("source", text(place.sourceId()));
        parameters.put("tagName", tag == null ? null : tag.name());
        parameters.put("tagValue", tag == null ? null : tag.value());
        return parameters;
    }

    private static String named(Subject subject, @Nullable Tag tag) {
        return tag == null ? subject.toString() : subject + ", tag " + tag;
    }

    private int remove(UUID workspaceId, Place place, @Nullable Tag tag) {
        return jdbc.sql("""
                        DELETE FROM retention_policies WHERE workspace_id = :workspace
                          AND project_id IS NOT DISTINCT FROM CAST(:project AS uuid)
                          AND source_id IS NOT DISTINCT FROM CAST(:source AS uuid)
                          AND tag_name IS NOT DISTINCT FROM CAST(:tagName AS text)
                          AND tag_value IS NOT DISTINCT FROM CAST(:tagValue AS text)
                        """).params(place(workspaceId, place, tag)).update();
    }

    private static @Nullable String text(@Nullable UUID id) {
        return id == null ? null : id.toString();
    }

    /// Takes a policy back, so that the next wider one decides.
    ///
    /// @return false when there was none
    public boolean unset(UUID workspaceId, Subject subject, String actor) {
        return unset(workspaceId, subject, null, actor);
    }

    /// As [#unset(UUID, Subject, String)], of a tag.
    public boolean unset(UUID workspaceId, Subject subject, @Nullable Tag tag, String actor) {
        Place place = find(workspaceId, subject);
        return workspaces.call(workspaceId, () -> {
            boolean removed = remove(workspaceId, place, tag) > 0;
            if (removed) {
                audit.record(workspaceId, actor, "retention.unset", named(subject, tag), Map.of());
            }
            return removed;
        });
    }

    /// Legal holds, newest first.
    ///
    /// @param all released ones too
    public List<Hold> holds(UUID workspaceId, boolean all) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT h.id, p.slug AS project, h.source_id AS source, h.document_id, h.reason, h.placed_by, h.placed_at,
                               h.released_by, h.released_at
                        FROM legal_holds h JOIN projects p ON p.workspace_id = h.workspace_id AND p.id = h.project_id
                        WHERE h.workspace_id = :workspace AND (:all OR h.released_at IS NULL) ORDER BY h.placed_at DESC, h.id
                        """)
                        .param("workspace", workspaceId)
                        .param("all", all)
                        .query(Hold.class)
                        .list());
    }

    /// Keeps everything of a project, source or document until the hold is released.
    public UUID hold(UUID workspaceId, Subject subject, String reason, String actor) {
        if (subject.project() == null) {
            throw new InvalidParameter("project", "project is missing: name what is to be held");
        }
        if (reason.isBlank()) {
            throw new InvalidParameter("reason", "reason is empty: say why it is to be held");
        }
        Place place = find(workspaceId, subject);
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        parameters.put("project", text(place.projectId()));
        parameters.put("source", text(place.sourceId()));
        parameters.put("document", text(place.documentId()));
        parameters.put("reason", reason);
        parameters.put("actor", actor);
        return workspaces.call(workspaceId, () -> {
            // Waits for a deletion that is under way, and the next one waits for this.
            jdbc.sql(
                            "SELECT id FROM projects WHERE workspace_id = :workspace AND id = CAST(:project AS uuid) FOR UPDATE")
                    .params(parameters)
                    .query(UUID.class)
                    .single();
            UUID id = jdbc.sql("""
                            INSERT INTO legal_holds (workspace_id, project_id, source_id, document_id, reason, placed_by)
                            VALUES (:workspace, CAST(:project AS uuid), CAST(:source AS uuid), CAST(:document AS uuid), :reason, :actor)
                            RETURNING id
                            """).params(parameters).query(UUID.class).single();
            audit.record(workspaceId, actor, "hold.place", subject.toString(), Map.of("hold", id, "reason", reason));
            return id;
        });
    }

    /// Releases a hold.
    ///
    /// @return false when there is no such hold, or it was released before
    public boolean release(UUID workspaceId, UUID id, String reason, String actor) {
        return workspaces.call(workspaceId, () -> {
            int released = jdbc.sql("""
                            UPDATE legal_holds SET released_at = clock_timestamp(), released_by = :actor
                            WHERE workspace_id = :workspace AND id = :id AND released_at IS NULL
                            """)
                    .param("actor", actor)
                    .param("workspace", workspaceId)
                    .param("id", id)
                    .update();
            if (released == 1) {
                audit.record(workspaceId, actor, "hold.release", "hold " + id, Map.of("reason", reason));
            }
            return released == 1;
        });
    }

    /// Where a document comes from.
    public record Source(String project, String type, String location) {}

    /// Brings a retired document back, as far as its undo window has left it: a copy of its newest version is as if it
    /// had just been extracted, and the next ingest of its source makes its vectors and publishes it. The version
    /// itself stays what was valid then, for queries of the past.
    ///
    /// @return the source to ingest
    /// @throws InvalidParameter when the document is not retired, or nothing is left to bring back
    public Source bringBack(UUID workspaceId, Subject subject, String actor) {
        Place place = find(workspaceId, subject);
        UUID document = Optional.ofNullable(place.documentId())
                .orElseThrow(() -> new InvalidParameter("document", "document is missing: name what to bring back"));
        return workspaces.call(workspaceId, () -> {
            Map<String, @Nullable Object> parameters = new HashMap<>();
            parameters.put("workspace", workspaceId);
            parameters.put("document", document);
            parameters.put("project", place.projectId());
            // As publishing and pruning do: one at a time in a project.
            jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND id = :project FOR UPDATE")
                    .params(parameters)
                    .query(UUID.class)
                    .single();
            copyNewestVersion(parameters, subject);
            audit.record(workspaceId, actor, "document.bring_back", subject.toString(), Map.of());
            return jdbc.sql("""
                            SELECT p.slug AS project, s.type, s.location FROM documents d
                            JOIN sources s ON s.workspace_id = d.workspace_id AND s.id = d.source_id
                            JOIN projects p ON p.workspace_id = d.workspace_id AND p.id = d.project_id
                            WHERE d.workspace_id = :workspace AND d.id = :document
                            """).params(parameters).query(Source.class).single();
        });
    }

    private record Copied(long from, long id, int version) {}

    private void copyNewestVersion(Map<String, @Nullable Object> parameters, Subject subject) {
        Copied copied = jdbc.sql("""
                        WITH newest AS (
                          SELECT v.*, d.version + 1 AS next FROM document_versions v
                          JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id
                          WHERE v.workspace_id = :workspace AND v.document_id = :document AND v.state = 'superseded'
                            AND d.deleted_at IS NOT NULL
                          ORDER BY v.version DESC LIMIT 1),
                        copy AS (
                          INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256, state,
                            file_name, media_type, title, metadata, profile, text_length, chunk_count, tokens, run_id)
                          SELECT workspace_id, project_id, source_id, document_id, next, sha256, 'extracted',
                                 file_name, media_type, title, metadata, profile, text_length, chunk_count, tokens, run_id
                          FROM newest RETURNING id, version)
                        SELECT newest.id AS from, copy.id, copy.version FROM newest, copy
                        """)
                .params(parameters)
                .query(Copied.class)
                .optional()
                .orElseThrow(() -> new InvalidParameter(
                        "document", subject + " is not retired, or nothing of it is left to bring back"));
        for (String sql : List.of("""
                INSERT INTO document_texts (workspace_id, version_id, start_offset, text)
                SELECT workspace_id, :copy, start_offset, text FROM document_texts
                WHERE workspace_id = :workspace AND version_id = :version
                """, """
                INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text, heading_path,
                  start_offset, end_offset, tokens, first_page, last_page, start_millis, end_millis, run_id)
                SELECT workspace_id, project_id, document_id, :copy, ordinal, content_id, header, text, heading_path,
                       start_offset, end_offset, tokens, first_page, last_page, start_millis, end_millis, run_id FROM chunks
                WHERE workspace_id = :workspace AND version_id = :version ORDER BY ordinal
                """, """
                UPDATE documents SET deleted_at = NULL, version = :number,
                  ttl_expires_at = CASE WHEN ttl_expires_at > now() THEN ttl_expires_at END
                WHERE workspace_id = :workspace AND id = :document
                """)) {
            jdbc.sql(sql)
                    .params(parameters)
                    .param("version", copied.from())
                    .param("copy", copied.id())
                    .param("number", copied.version())
                    .update();
        }
    }

    /// Sets when a document ends by itself.
    ///
    /// @param at null for never
    public void expire(UUID workspaceId, Subject subject, @Nullable OffsetDateTime at, String actor) {
        UUID document = Optional.ofNullable(find(workspaceId, subject).documentId())
                .orElseThrow(() -> new InvalidParameter("document", "document is missing: name what is to expire"));
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        parameters.put("document", document);
        parameters.put("at", at);
        workspaces.run(workspaceId, () -> {
            jdbc.sql("""
                            UPDATE documents SET ttl_expires_at = CAST(:at AS timestamptz)
                            WHERE workspace_id = :workspace AND id = :document
                            """).params(parameters).update();
            audit.record(workspaceId, actor, "document.expire", subject.toString(), Map.of("at", String.valueOf(at)));
        });
    }
}
