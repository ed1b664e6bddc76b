package dev.tidemill.store;

import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// Golden sets: questions with the documents that are relevant to them.
public final class GoldenSets {

    private static final JsonMapper JSON = JsonMapper.shared();

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public GoldenSets(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// A set of judged questions.
    ///
    /// @param canary whether it is asked after every run that changed the corpus
    public record GoldenSet(
            long id, UUID projectId, String name, boolean canary, long questions, OffsetDateTime createdAt) {}

    /// A relevant document.
    ///
    /// @param document its key
    /// @param grade how relevant it is, at least 1
    /// @param span text that answers the question, null where only the document is judged
    public record Expected(
            String document, int grade, @Nullable String span) {

        public Expected {
            if (document.isBlank()) {
                throw new IllegalArgumentException("a relevant document has no key");
            }
            if (grade < 1 || grade > 1_000) {
                throw new IllegalArgumentException("grade of document " + document + " is " + grade
                        + ": use 1 to 1000, leave out what is not relevant");
            }
        }
    }

    /// A judged question.
    ///
    /// @param key identity within its set
    public record Judged(String key, String question, List<Expected> expected) {

        public Judged {
            if (key.isBlank() || key.length() > 200) {
                throw new IllegalArgumentException("the key of a question must have 1 to 200 characters");
            }
            if (question.isBlank() || question.length() > 4_000 || question.indexOf('\0') >= 0) {
                throw new IllegalArgumentException(
                        "question " + key + " must have 1 to 4000 characters, and no NUL among them");
            }
            expected = List.copyOf(expected);
            if (expected.isEmpty()) {
                throw new IllegalArgumentException("question " + key + " has no relevant document: name at least one");
            }
        }
    }

    /// The set of this name, made when new.
    public GoldenSet make(Project project, String name, boolean canary) {
        return workspaces.call(project.workspaceId(), () -> {
            jdbc.sql("""
                            INSERT INTO golden_sets (workspace_id, project_id, name, canary)
                            VALUES (:workspace, :project, :name, :canary)
                            ON CONFLICT (workspace_id, project_id, name) DO UPDATE SET canary = excluded.canary
                            """)
                    .param("workspace", project.workspaceId())
                    .param("project", project.id())
                    .param("name", name)
                    .param("canary", canary)
                    .update();
            return find(project, name).orElseThrow();
        });
    }

    /// Adds questions; one whose key is there already takes the place of the old one.
    public void add(UUID workspaceId, GoldenSet set, List<Judged> questions) {
        workspaces.run(
                workspaceId,
                () -> jdbc.sql("""
                        INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question, expected)
                        SELECT :workspace, :project, :set, key, question, CAST(expected AS jsonb)
                        FROM unnest(CAST(:keys AS text[]), CAST(:questions AS text[]), CAST(:expected AS text[]))
                          AS q (key, question, expected)
                        ON CONFLICT (workspace_id, golden_set_id, key) DO UPDATE
                        SET question = excluded.question, expected = excluded.expected
                        """)
                        .param("workspace", workspaceId)
                        .param("project", set.projectId())
                        .param("set", set.id())
                        .param("keys", questions.stream().map(Judged::key).toArray(String[]::new))
                        .param(
                                "questions",
                                questions.stream().map(Judged::question).toArray(String[]::new))
                        .param(
                                "expected",
                                questions.stream()
                                        .map(question -> JSON.writeValueAsString(question.expected()))
                                        .toArray(String[]::new))
                        .update());
    }

    public Optional<GoldenSet> find(Project project, String name) {
        return list(project).stream().filter(set -> set.name().equals(name)).findFirst();
    }

    public List<GoldenSet> list(Project project) {
        return workspaces.call(
                project.workspaceId(),
                () -> jdbc.sql("""
                        SELECT s.id, s.project_id, s.name, s.canary, s.created_at,
                               (SELECT count(*) FROM golden_questions q
                                WHERE q.workspace_id = s.workspace_id AND q.golden_set_id = s.id) AS questions
                        FROM golden_sets s
                        WHERE s.workspace_id = :workspace AND s.project_id = :project
                        ORDER BY s.name
                        """)
                        .param("workspace", project.workspaceId())
                        .param("project", project.id())
                        .query(GoldenSet.class)
                        .list());
    }

    /// Deletes a set with its questions.
    ///
    /// @return whether there was one
    public boolean delete(Project project, String name) {
        return workspaces.call(
                project.workspaceId(),
                () -> jdbc.sql("""
                                DELETE FROM golden_sets
                                WHERE workspace_id = :workspace AND project_id = :project AND name = :name
                                """)
                                .param("workspace", project.workspaceId())
                                .param("project", project.id())
                                .param("name", name)
                                .update()
                        == 1);
    }

    /// Questions in the order of their keys, after the given one.
    public List<Judged> questions(UUID workspaceId, long setId, String after, int limit) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT key, question, expected FROM golden_questions
                        WHERE workspace_id = :workspace AND golden_set_id = :set AND key > :after
                        ORDER BY key LIMIT :limit
                        """)
                        .param("workspace", workspaceId)
                        .param("set", setId)
                        .param("after", after)
                        .param("limit", limit)
                        .query((row, n) -> new Judged(
                                row.getString("key"), row.getString("question"), expected(row.getString("expected"))))
                        .list());
    }

    static List<Expected> expected(String json) {
        return Arrays.asList(JSON.readValue(json, Expected[].class));
    }
}
