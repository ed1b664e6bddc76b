package dev.tidemill.backup;

import dev.tidemill.document.ContentHash;
import dev.tidemill.document.Hit;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import tools.jackson.databind.json.JsonMapper;

/// Asks a database questions, so that its restored copy can be asked the same. Vectors are compared one by one: the
/// index of the copy is another one, and is judged by its recall.
final class Questions {

    /// Hits compared for each question.
    private static final int TOP = 10;

    /// Words of a chunk that make a question where nobody has written any.
    private static final int WORDS = 12;

    /// Session options under which no vector index is used. Rows are still found through bitmaps of other indexes.
    private static final String EXACT = "-c enable_indexscan=off -c lock_timeout=30s";

    /// Searches are made by the role that makes them for callers; what there is to ask is seen by the one that sees
    /// all.
    private static final String AS_CALLERS = EXACT + " -c role=tidemill_app";

    private static final String AS_BACKUP = EXACT + " -c role=tidemill_backup";

    private final QueryVectors vectors;

    Questions(QueryVectors vectors) {
        this.vectors = vectors;
    }

    /// A passage that was found: which document, which version, where in it, and the words themselves as a hash.
    record Passage(String document, int version, int start, int end, String sha256) {}

    /// A question with what was found.
    ///
    /// @param golden whether a person wrote it
    record Asked(UUID workspace, String project, String question, boolean golden, List<Passage> found) {}

    /// All questions of a backup.
    ///
    /// @param left projects that could not be asked, with the reason
    record Sheet(List<Asked> asked, List<String> left) {

        byte[] bytes() {
            return JsonMapper.shared().writeValueAsBytes(this);
        }

        static Sheet of(byte[] bytes) {
            return JsonMapper.shared().readValue(bytes, Sheet.class);
        }
    }

    /// Asks what people wrote, and for projects without such questions some made of their own chunks.
    ///
    /// @param snapshot under which to ask, null for the present
    /// @param perProject questions for each project at most
    /// @param only workspace, null for all
    Sheet ask(LiveDatabase database, @Nullable String snapshot, int perProject, @Nullable UUID only)
            throws SQLException {
        List<Asked> asked = new ArrayList<>();
        List<String> left = new ArrayList<>();
        try (Session session = new Session(database, snapshot)) {
            for (Asked question : session.choose(perProject, only)) {
                try {
                    asked.add(answered(session.searcher, question));
                } catch (IllegalStateException otherModel) {
                    left.add(question.project() + ": " + otherModel.getMessage());
                }
            }
        }
        return new Sheet(asked, left.stream().distinct().toList());
    }

    private static Asked answered(Searcher searcher, Asked question) {
        List<Passage> found = searcher
                .search(
                        question.workspace(),
                        question.project(),
                        new SearchRequest(question.question(), TOP, SearchMode.HYBRID, ChunkSearch.Filter.NONE))
                .hits()
                .stream()
                .map(Questions::passage)
                .toList();
        return new Asked(question.workspace(), question.project(), question.question(), question.golden(), found);
    }

    private static Passage passage(Hit hit) {
        return new Passage(
                hit.documentKey(),
                hit.version(),
                hit.start(),
                hit.end(),
                ContentHash.of(hit.text().getBytes(StandardCharsets.UTF_8)).hex());
    }

    /// How the answers of a copy compare with those of the original.
    ///
    /// @param same questions with exactly the same passages
    /// @param overlap mean share of passages found again, 1 when there was nothing to ask
    record Comparison(int asked, int same, double overlap, List<String> different) {}

    /// Asks a copy the same.
    ///
    /// @throws IllegalStateException when a model of one of its vector sets is not configured here any more
    Comparison compare(LiveDatabase copy, Sheet sheet) {
        if (sheet.asked().isEmpty()) {
            return new Comparison(0, 0, 1, List.of());
        }
        int same = 0;
        double overlap = 0;
        List<String> different = new ArrayList<>();
        List<List<Passage>> answers = new ArrayList<>();
        try (Session session = new Session(copy, null)) {
            for (Asked question : sheet.asked()) {
                answers.add(answered(session.searcher, question).found());
            }
        } catch (SQLException e) {
            throw new IllegalStateException(copy.name() + " cannot be asked: " + e.getMessage(), e);
        }
        for (int i = 0; i < answers.size(); i++) {
            Asked question = sheet.asked().get(i);
            List<Passage> now = answers.get(i);
            Set<Passage> both = new HashSet<>(now);
            both.retainAll(new HashSet<>(question.found()));
            int most = Math.max(now.size(), question.found().size());
            overlap += most == 0 ? 1 : both.size() / (double) most;
            if (now.equals(question.found())) {
                same++;
            } else if (both.size() < most) {
                different.add("\"" + question.question() + "\" in project " + question.project() + ": " + both.size()
                        + " of " + most + " passages");
            }
        }
        int asked = sheet.asked().size();
        return new Comparison(asked, same, overlap / asked, different);
    }

    /// The search room over one database. It asks on the same two connections: a new one for every transaction would
    /// cost more than many a question.
    private final class Session implements AutoCloseable {
        private final List<SingleConnectionDataSource> connections = new ArrayList<>();
        private final JdbcClient all;
        private final Workspaces seeing;
        private final Searcher searcher;

        Session(LiveDatabase database, @Nullable String snapshot) throws SQLException {
            DataSource backup = connected(database, AS_BACKUP);
            this.all = JdbcClient.create(backup);
            this.seeing = new Workspaces(transactions(backup, snapshot), all);
            DataSource source;
            try {
                source = connected(database, AS_CALLERS);
            } catch (SQLException e) {
                close();
                throw e;
            }
            JdbcClient jdbc = JdbcClient.create(source);
            Workspaces workspaces = new Workspaces(transactions(source, snapshot), jdbc);
            this.searcher = new Searcher(workspaces, new Projects(workspaces, jdbc), new ChunkSearch(jdbc), vectors);
        }

        private DataSource connected(LiveDatabase database, String options) throws SQLException {
            SingleConnectionDataSource source = new SingleConnectionDataSource(
                    database.source("tidemill asks", options).getConnection(), true);
            connections.add(source);
            return source;
        }

        @Override
        public void close() {
            connections.forEach(SingleConnectionDataSource::destroy);
        }

        private static PlatformTransactionManager transactions(DataSource source, @Nullable String snapshot) {
            return snapshot == null ? new JdbcTransactionManager(source) : new UnderSnapshot(source, snapshot);
        }

        List<Asked> choose(int perProject, @Nullable UUID only) {
            record Project(UUID workspace, UUID id, String slug) {}
            List<Project> projects = seeing.call(
                    new UUID(0, 0),
                    () -> all.sql("""
                            SELECT workspace_id, id, slug FROM projects
                            WHERE live_set_id IS NOT NULL AND (CAST(:only AS uuid) IS NULL OR workspace_id = :only)
                            ORDER BY workspace_id, slug LIMIT 100
                            """)
                            .param("only", only, java.sql.Types.OTHER)
                            .query((row, number) -> new Project(
                                    row.getObject("workspace_id", UUID.class),
                                    row.getObject("id", UUID.class),
                                    row.getString("slug")))
                            .list());
            List<Asked> chosen = new ArrayList<>();
            for (Project project : projects) {
                List<String> golden = seeing.call(
                        project.workspace(),
                        () -> all.sql("""
                                SELECT question FROM golden_questions
                                WHERE workspace_id = :workspace AND project_id = :project ORDER BY id LIMIT :limit
                                """)
                                .param("workspace", project.workspace())
                                .param("project", project.id())
                                .param("limit", perProject)
                                .query(String.class)
                                .list());
                List<String> texts = golden.isEmpty() ? samples(project.workspace(), project.id(), perProject) : golden;
                for (String text : texts) {
                    chosen.add(new Asked(project.workspace(), project.slug(), text, !golden.isEmpty(), List.of()));
                }
            }
            return chosen;
        }

        /// Chunks spread over the project.
        private List<String> samples(UUID workspace, UUID project, int count) {
            List<String> texts = seeing.call(
                    workspace,
                    () -> all.sql("""
                            SELECT text FROM chunks WHERE workspace_id = :workspace AND id = ANY (ARRAY(
                              SELECT id FROM (
                                SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS many FROM chunks
                                WHERE workspace_id = :workspace AND project_id = :project
                                  AND valid_from IS NOT NULL AND valid_to IS NULL) c
                              WHERE (place - 1) % greatest(1, many / :count) = 0 ORDER BY place LIMIT :count))
                            ORDER BY id
                            """)
                            .param("workspace", workspace)
                            .param("project", project)
                            .param("count", count)
                            .query(String.class)
                            .list());
            Set<String> questions = new LinkedHashSet<>();
            for (String text : texts) {
                String[] words = text.strip().split("\\s+", WORDS + 1);
                String question = String.join(" ", List.of(words).subList(0, Math.min(WORDS, words.length)));
                if (!question.isBlank()) {
                    questions.add(question.length() > 500 ? question.substring(0, 500) : question);
                }
            }
            return List.copyOf(questions);
        }
    }

    /// Transactions that all see one exported snapshot.
    private static final class UnderSnapshot extends JdbcTransactionManager {
        private static final long serialVersionUID = 1;

        private final String snapshot;

        UnderSnapshot(DataSource source, String snapshot) {
            super(source);
            this.snapshot = snapshot;
        }

        @Override
        protected void prepareTransactionalConnection(Connection connection, TransactionDefinition definition)
                throws SQLException {
            LiveDatabase.execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
            LiveDatabase.execute(connection, "SET TRANSACTION SNAPSHOT '" + snapshot + "'");
            super.prepareTransactionalConnection(connection, definition);
        }
    }
}
