package dev.tidemill.transfer;

import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// Sources, policies, golden sets and their questions, as lines of an exported file. What is there
/// already stays, unless
/// the import replaces.
final class ProjectSettings {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Projects projects;

    ProjectSettings(Workspaces workspaces, JdbcClient jdbc, Projects projects) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.projects = projects;
    }

    void store(TransferParameters parameters, Chunk<? extends JsonNode> lines) {
        workspaces.run(parameters.workspaceId(), () -> {
            for (JsonNode line : lines) {
                switch (line.path("kind").asString("")) {
                    case "source" -> source(parameters, line);
                    case "golden-set" ->
                        goldenSet(
                                parameters,
                                line.path("name").asString(""),
                                line.path("canary").asBoolean(true));
                    // Of another kind, as a program that knows nothing of tags would take it for one of all documents.
                    case "policy", "tag-policy" -> policy(parameters, line);
                    // A schedule is a file of the installation: its operator decides about it.
                    default -> {}
                }
            }
        });
    }

    private UUID source(TransferParameters parameters, JsonNode line) {
        UUID id = source(
                parameters,
                line.path("sourceType").asString(line.path("type").asString("")),
                line.path("location").asString(""));
        if (line.has("metadata")) {
            jdbc.sql("""
                            UPDATE sources SET metadata = CAST(:metadata AS jsonb)
                            WHERE workspace_id = :workspace AND id = :id AND (metadata = '{}' OR :replace)
                            """)
                    .param("metadata", line.path("metadata").toString())
                    .param("workspace", parameters.workspaceId())
                    .param("id", id)
                    .param("replace", replaces(parameters))
                    .update();
        }
        return id;
    }

    private UUID source(TransferParameters parameters, String type, String location) {
        Project project = projects.find(parameters.workspaceId(), parameters.project())
                .orElseThrow(() ->
                        new IllegalStateException("the project " + parameters.project() + " is gone: import again"));
        return projects.source(project, type, location);
    }

    private void policy(TransferParameters parameters, JsonNode line) {
        UUID source = line.path("location").isString() ? source(parameters, line) : null;
        jdbc.sql("""
                        DELETE FROM retention_policies
                        WHERE :replace AND workspace_id = :workspace AND project_id = :project
                          AND source_id IS NOT DISTINCT FROM CAST(:source AS uuid)
                          AND tag_name IS NOT DISTINCT FROM CAST(:tagName AS text)
                          AND tag_value IS NOT DISTINCT FROM CAST(:tagValue AS text)
                        """)
                .param("replace", replaces(parameters))
                .param("workspace", parameters.workspaceId())
                .param("project", parameters.projectId())
                .param("source", source == null ? null : source.toString())
                .param("tagName", text(line, "tagName"))
                .param("tagValue", text(line, "tagValue"))
                .update();
        jdbc.sql("""
                        INSERT INTO retention_policies
                          (workspace_id, project_id, source_id, tag_name, tag_value, versions_keep, versions_after, undo, max_age,
                           set_by)
                        VALUES (:workspace, :project, CAST(:source AS uuid), CAST(:tagName AS text), CAST(:tagValue AS text),
                          CAST(:keep AS integer), CAST(:after AS interval), CAST(:undo AS interval), CAST(:age AS interval), 'import')
                        ON CONFLICT DO NOTHING
                        """)
                .param("workspace", parameters.workspaceId())
                .param("project", parameters.projectId())
                .param("source", source == null ? null : source.toString())
                .param("tagName", text(line, "tagName"))
                .param("tagValue", text(line, "tagValue"))
                .param("keep", text(line, "versionsKeep"))
                .param("after", text(line, "versionsAfter"))
                .param("undo", text(line, "undo"))
                .param("age", text(line, "maxAge"))
                .update();
    }

    private static @Nullable String text(JsonNode line, String name) {
        JsonNode value = line.path(name);
        return value.isMissingNode() || value.isNull() ? null : value.asString();
    }

    private static boolean replaces(TransferParameters parameters) {
        return parameters.onConflict().equals("replace");
    }

    private long goldenSet(TransferParameters parameters, String name, boolean canary) {
        return jdbc.sql("""
                        INSERT INTO golden_sets (workspace_id, project_id, name, canary) VALUES (:workspace, :project, :name, :canary)
                        ON CONFLICT (workspace_id, project_id, name) DO UPDATE SET name = excluded.name RETURNING id
                        """)
                .param("workspace", parameters.workspaceId())
                .param("project", parameters.projectId())
                .param("name", name)
                .param("canary", canary)
                .query(Long.class)
                .single();
    }

    /// Questions of files of version 1 name no set.
    void storeQuestions(TransferParameters parameters, Chunk<? extends JsonNode> questions) {
        workspaces.run(parameters.workspaceId(), () -> {
            for (JsonNode question : questions) {
                long set = goldenSet(
                        parameters,
                        question.path("set").asString("imported"),
                        question.path("canary").asBoolean(true));
                List<String> tags = question.path("tags")
                        .valueStream()
                        .map(JsonNode::asString)
                        .toList();
                jdbc.sql("""
                                INSERT INTO golden_questions AS q
                                  (workspace_id, project_id, golden_set_id, key, question, expected, tags)
                                VALUES (:workspace, :project, :set, coalesce(nullif(:key, ''), md5(:question)), :question,
                                  CAST(:expected AS jsonb), :tags)
                                ON CONFLICT (workspace_id, golden_set_id, key) DO UPDATE
                                SET question = excluded.question, expected = excluded.expected, tags = excluded.tags
                                WHERE :replace
                                """)
                        .param("workspace", parameters.workspaceId())
                        .param("project", parameters.projectId())
                        .param("set", set)
                        .param("key", question.path("key").asString(""))
                        .param("question", question.path("question").asString(""))
                        .param("expected", question.path("expected").toString())
                        .param("tags", tags.toArray(String[]::new))
                        .param("replace", replaces(parameters))
                        .update();
            }
        });
    }
}
