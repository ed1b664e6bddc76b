package dev.tidemill.store;

import dev.tidemill.document.ContentHash;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Questions that people asked a project, each once and only the last few hundred.
public final class AskedQuestions {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public AskedQuestions(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// Notes a question. Nothing where there is no such project.
    ///
    /// @param keep most questions of the project, the ones asked last
    public void note(UUID workspaceId, String project, String question, int keep) {
        workspaces.run(workspaceId, () -> {
            jdbc.sql("""
                            INSERT INTO asked_questions AS a (workspace_id, project_id, question_id, question)
                            SELECT workspace_id, id, :id, :question FROM projects
                            WHERE workspace_id = :workspace AND slug = :project
                            ON CONFLICT (workspace_id, project_id, question_id) DO UPDATE
                            SET times = a.times + 1, asked_at = clock_timestamp()
                            """)
                    .param("id", ContentHash.of(question).toUuid())
                    .param("question", question)
                    .param("workspace", workspaceId)
                    .param("project", project)
                    .update();
            jdbc.sql("""
                            DELETE FROM asked_questions a USING (
                              SELECT q.question_id FROM asked_questions q
                              JOIN projects p ON p.workspace_id = q.workspace_id AND p.id = q.project_id
                              WHERE q.workspace_id = :workspace AND p.slug = :project
                              ORDER BY q.asked_at DESC OFFSET :keep LIMIT 100) old
                            WHERE a.workspace_id = :workspace AND a.question_id = old.question_id
                              AND a.project_id = (SELECT id FROM projects WHERE workspace_id = :workspace AND slug = :project)
                            """)
                    .param("workspace", workspaceId)
                    .param("project", project)
                    .param("keep", keep)
                    .update();
        });
    }

    /// A question and its identity.
    public record AskedQuestion(UUID id, String question) {}

    /// The questions asked last.
    public List<AskedQuestion> last(UUID workspaceId, UUID projectId, int limit) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT question_id AS id, question FROM asked_questions
                        WHERE workspace_id = :workspace AND project_id = :project
                        ORDER BY asked_at DESC LIMIT :limit
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .param("limit", limit)
                        .query(AskedQuestion.class)
                        .list());
    }
}
