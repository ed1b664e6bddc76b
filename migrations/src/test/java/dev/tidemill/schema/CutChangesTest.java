package dev.tidemill.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemill.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A process that changes the schema is killed right after one of its commits, each in turn: what it left is completed
/// by the next one, and nothing shows that it was ever killed.
class CutChangesTest {

    private static final String CHANGELOG = "changelog-test/cut.yaml";

    private static TestDatabase database;
    private static DataSource owner;
    private static Connection connection;

    @BeforeAll
    static void start() throws SQLException {
        TestDatabase.create().close(); // makes the roles that the change sets grant to
        database = TestDatabase.createEmpty();
        owner = database.dataSource();
        connection = owner.getConnection();
    }

    @BeforeEach
    void empty() throws SQLException {
        Sql.execute(connection, "DROP SCHEMA public CASCADE");
        Sql.execute(connection, "CREATE SCHEMA public");
    }

    @AfterAll
    static void stop() throws SQLException {
        connection.close();
        database.close();
    }

    @Test
    void anApplyThatWasCutAfterAnyCommitIsCompletedByTheNext() throws SQLException {
        Schema.apply(owner, CHANGELOG);
        List<String> whole = state();
        int cuts = 0;
        empty();
        while (isCut(cuts + 1, source -> Schema.apply(source, CHANGELOG))) {
            cuts++;
            Schema.apply(owner, CHANGELOG);
            assertThat(state()).as("cut after commit %s", cuts).isEqualTo(whole);
            assertThat(Sql.number(connection, "SELECT count(*) FROM things"))
                    .as("cut after commit %s", cuts)
                    .isEqualTo(1);
            empty();
        }
        assertThat(cuts).isBetween(10, 40);
    }

    @Test
    void aRollBackThatWasCutAfterAnyCommitIsCompletedByTheNext() throws SQLException {
        Schema.apply(owner, "changelog-test/before.yaml");
        Schema.tag(owner, "before");
        List<String> before = state();
        int cuts = 0;
        Schema.apply(owner, CHANGELOG);
        while (isCut(cuts + 1, source -> Schema.rollBackTo(source, CHANGELOG, "before"))) {
            cuts++;
            Schema.rollBackTo(owner, CHANGELOG, "before");
            assertThat(state()).as("cut after commit %s", cuts).isEqualTo(before);
            Schema.apply(owner, CHANGELOG);
        }
        assertThat(cuts).isBetween(8, 40);
    }

    @Test
    void whatARollBackThatWasCutTookAwayIsMadeAgainByTheNextStart() throws SQLException {
        Schema.apply(owner, CHANGELOG);
        List<String> whole = state();
        int cuts = 0;
        while (isCut(cuts + 1, source -> Schema.rollBack(source, CHANGELOG, 2))) {
            cuts++;
            Schema.apply(owner, CHANGELOG);
            assertThat(state()).as("cut after commit %s", cuts).isEqualTo(whole);
        }
        assertThat(cuts).isBetween(4, 20);
    }

    /// Whether it had that many commits: one more than it has does no harm.
    private boolean isCut(int commits, Consumer<DataSource> change) {
        CutSource cut = new CutSource(owner, commits);
        Throwable failed = catchThrowable(() -> change.accept(cut.source()));
        if (cut.wasCut()) {
            assertThat(failed).as("cut after commit %s", commits).isInstanceOf(SchemaChangeFailed.class);
        } else {
            assertThat(failed).isNull();
        }
        return cut.wasCut();
    }

    /// What there is, in which order it was applied, and what is taken for changed by hand.
    private List<String> state() throws SQLException {
        List<String> state = new ArrayList<>(SchemaTest.fingerprint(database));
        state.addAll(Sql.column(connection, """
                SELECT format('%s %s', orderexecuted, id) FROM databasechangelog ORDER BY orderexecuted
                """));
        state.add("drift is measured: " + Drift.isRecorded(connection));
        state.addAll(Schema.drift(owner));
        return state;
    }
}
