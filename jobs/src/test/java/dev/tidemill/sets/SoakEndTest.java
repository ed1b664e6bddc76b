package dev.tidemill.sets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.Audit;
import dev.tidemill.run.Control;
import dev.tidemill.store.FirstStart;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SetConflict;
import dev.tidemill.store.SoakedSets;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.VectorSets.Shown;
import dev.tidemill.store.Workspaces;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// A set can be gone back to until its time is over, and not from then on. The clock is the test's.
class SoakEndTest {

    private static final Duration SOAK = Duration.ofHours(24);

    private static TestDatabase database;
    private static HikariDataSource app;
    private static JdbcClient owner;
    private static UUID workspace;
    private static Workspaces workspaces;
    private static VectorSets sets;
    private static SoakEnd end;
    private static Project project;
    private static long launches;

    @BeforeAll
    static void start() {
        database = TestDatabase.create();
        owner = JdbcClient.create(database.dataSource());
        workspace = FirstStart.ensure(database.dataSource());
        app = new HikariDataSource();
        app.setJdbcUrl(database.jdbcUrl());
        app.setUsername(database.username());
        app.setPassword(database.password());
        app.setConnectionInitSql("SET ROLE tidemill_app");
        app.setMaximumPoolSize(3);
        JdbcTemplate template = new JdbcTemplate(app);
        JdbcClient jdbc = JdbcClient.create(template);
        workspaces = new Workspaces(new JdbcTransactionManager(app), jdbc);
        sets = new VectorSets(workspaces, template);
        // The platform's transactions and its client are those of one data source.
        DataSource platform = database.dataSource();
        JdbcClient platformJdbc = JdbcClient.create(platform);
        end = new SoakEnd(
                new Control(new JdbcTransactionManager(platform), platformJdbc),
                new SoakedSets(platformJdbc),
                sets,
                new Audit(jdbc));
        project = new Projects(workspaces, jdbc).find(workspace, "default").orElseThrow();
        sets.liveOrFirst(project, "first", "first-1", 8);
    }

    @AfterAll
    static void stop() {
        app.close();
        database.close();
    }

    /// What a test left soaking is no concern of the next one.
    @AfterEach
    void nothingSoaks() {
        end.look(Instant.now().plus(SOAK).plus(Duration.ofDays(1)));
    }

    private static VectorSet built() {
        return workspaces.call(
                workspace,
                () -> sets.build(
                        workspace,
                        project.id(),
                        ++launches,
                        new VectorSets.Recipe("next", "next-1", 8, VectorSet.Type.HALFVEC, "", List.of())));
    }

    private static void switchTo(VectorSet set) {
        assertThat(workspaces
                        .call(workspace, () -> sets.switchTo(workspace, project.id(), set.id(), 0, SOAK))
                        .done())
                .isTrue();
    }

    private static long rollback() {
        return workspaces
                .call(workspace, () -> sets.rollback(workspace, project.id(), SOAK))
                .id();
    }

    private static long live() {
        return sets.live(workspace, project.id()).orElseThrow().id();
    }

    private static Shown shown(long set) {
        return sets.list(workspace, project.id()).stream()
                .filter(one -> one.id() == set)
                .findFirst()
                .orElseThrow();
    }

    private static Instant until(long set) {
        return Objects.requireNonNull(shown(set).soakUntil()).toInstant();
    }

    private static boolean hasTable(long set) {
        return owner.sql("SELECT to_regclass('vectors_' || :id) IS NOT NULL")
                .param("id", set)
                .query(Boolean.class)
                .single();
    }

    @Test
    void aSetCanBeGoneBackToUntilItsTimeIsOverAndIsGoneFromThenOn() {
        long old = live();
        VectorSet next = built();
        switchTo(next);

        assertThat(end.look(until(old).minusNanos(1_000))).isEmpty();
        assertThat(rollback()).as("still there").isEqualTo(old);

        assertThat(end.look(until(next.id()).minusNanos(1_000))).isEmpty();
        assertThat(shown(next.id()).state()).isEqualTo("soaking");
        assertThat(end.look(until(next.id()))).containsExactly(next.id());
        assertThat(shown(next.id()).state()).isEqualTo("retired");
        assertThat(shown(next.id()).retiredAt()).isNotNull();
        assertThat(hasTable(next.id())).isFalse();
        assertThatThrownBy(() -> switchTo(next)).isInstanceOf(SetConflict.class).hasMessageContaining("is retired");
        assertThatThrownBy(SoakEndTest::rollback)
                .isInstanceOf(SetConflict.class)
                .hasMessageContaining("only while it soaks");
        assertThat(live()).as("what answers is left alone").isEqualTo(old);
        assertThat(owner.sql("SELECT actor FROM audit_entries WHERE action = 'set.retire' AND subject = :set")
                        .param("set", "vector set " + next.id())
                        .query(String.class)
                        .list())
                .containsExactly("tidemill");
        assertThat(end.look(Instant.now().plus(SOAK.multipliedBy(2))))
                .as("once")
                .isEmpty();
    }

    @Test
    void aSetThatWaitsForAnOperatorIsKeptAsLongAndOneThatIsBuiltForEver() {
        VectorSet held = built();
        workspaces.run(workspace, () -> sets.hold(workspace, held.id(), SOAK));
        Instant until = until(held.id());
        VectorSet building = built();

        assertThat(end.look(until.minusNanos(1_000))).isEmpty();
        assertThat(end.look(until)).containsExactly(held.id());
        assertThat(end.look(until.plus(SOAK.multipliedBy(100)))).isEmpty();
        assertThat(shown(building.id()).state()).isEqualTo("building");
    }

    @Test
    void aSetThatSomebodyReadsIsRetiredLater() throws Exception {
        long old = live();
        switchTo(built());
        Instant over = until(old);
        try (Connection reader = database.dataSource().getConnection();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.executeQuery("SELECT count(*) FROM vectors_" + old);

            assertThat(end.look(over)).isEmpty();
            assertThat(shown(old).state()).isEqualTo("soaking");
            reader.rollback();
        }

        assertThat(end.look(over)).containsExactly(old);
        assertThat(hasTable(old)).isFalse();
    }
}
