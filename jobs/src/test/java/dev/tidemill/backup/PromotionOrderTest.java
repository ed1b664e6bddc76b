package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An ordered promotion is done at the next start, once, or says why it cannot be.
class PromotionOrderTest {

    private static final String COMMENT = "made by tidemill out of backup X by restore 7";

    @TempDir
    private Path home;

    private TestDatabase server;
    private LiveDatabase live;

    @BeforeEach
    void make() throws SQLException {
        server = TestDatabase.createEmpty();
        live = new LiveDatabase(server.jdbcUrl(), server.username(), server.password()).named("promo_live");
        execute("DROP DATABASE IF EXISTS promo_live; ");
        execute("DROP DATABASE IF EXISTS promo_restored");
        execute("CREATE DATABASE promo_live");
        execute("CREATE DATABASE promo_restored");
        execute("COMMENT ON DATABASE promo_restored IS '" + COMMENT + "'");
        try (Connection restored = live.named("promo_restored").connect("test")) {
            LiveDatabase.execute(restored, "CREATE TABLE here (id integer)");
        }
    }

    @AfterEach
    void drop() throws SQLException {
        try (Connection connection = live.named(server.name()).connect("test")) {
            for (String name :
                    BackupJob.column(connection, "SELECT datname FROM pg_database WHERE datname LIKE 'promo\\_%'")) {
                LiveDatabase.execute(connection, "DROP DATABASE " + name + " WITH (FORCE)");
            }
        }
        server.close();
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = live.named(server.name()).connect("test")) {
            LiveDatabase.execute(connection, sql);
        }
    }

    private String liveHas() throws SQLException {
        try (Connection connection = live.connect("test")) {
            return String.valueOf(LiveDatabase.text(connection, "SELECT to_regclass('here')::text"));
        }
    }

    private PromotionOrder place(String name, String confirmed) {
        return PromotionOrder.place(home, live, name, confirmed, "key 1", Instant.now());
    }

    @Test
    void theRestoredDatabaseTakesThePlaceOfTheLiveOneWhichIsKept() throws Exception {
        place("promo_restored", "promo_restored");
        assertThat(liveHas()).isEqualTo("null");

        PromotionOrder.carryOut(home, live);

        assertThat(liveHas()).isEqualTo("here");
        assertThat(PromotionOrder.find(home)).isEmpty();
        try (Connection connection = live.connect("test")) {
            assertThat(BackupJob.column(connection, "SELECT datname FROM pg_database WHERE datname LIKE 'promo\\_%'"))
                    .hasSize(2)
                    .contains("promo_live")
                    .anyMatch(name -> name.startsWith("promo_live_before_"));
        }
        PromotionOrder.carryOut(home, live);
        assertThat(liveHas()).isEqualTo("here");
    }

    @Test
    void aProcessThatDiedRightAfterTheRenamingIsFollowedByOneThatFindsItDone() throws Exception {
        place("promo_restored", "promo_restored");
        String order = Files.readString(home.resolve("promotion.json"));
        PromotionOrder.carryOut(home, live);
        Files.writeString(home.resolve("promotion.json"), order);

        PromotionOrder.carryOut(home, live);

        assertThat(liveHas()).isEqualTo("here");
        assertThat(PromotionOrder.find(home)).isEmpty();
    }

    @Test
    void whatIsNotConfirmedNotMadeByARestoreOrNotWholeIsRefused() throws Exception {
        assertThatThrownBy(() -> place("promo_restored", "")).hasMessageContaining("out of use");
        assertThatThrownBy(() -> place(server.name(), server.name())).hasMessageContaining("no restored database");
        execute("ALTER DATABASE promo_restored RENAME TO promo_x_restoring");
        assertThatThrownBy(() -> place("promo_x_restoring", "promo_x_restoring"))
                .hasMessageContaining("not whole");
        assertThat(PromotionOrder.find(home)).isEmpty();
    }

    @Test
    void whileSomebodyIsConnectedNothingIsDoneAndTheOrderStays() throws Exception {
        place("promo_restored", "promo_restored");
        try (Connection inUse = live.connect("somebody")) {
            assertThat(inUse.isValid(5)).isTrue();
            assertThatThrownBy(() -> PromotionOrder.carryOut(home, live))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("promo_live by somebody")
                    .hasMessageContaining("promotion.json");
        }
        assertThat(liveHas()).isEqualTo("null");
        assertThat(PromotionOrder.find(home)).isPresent();
        assertThat(PromotionOrder.withdraw(home)).isTrue();
        PromotionOrder.carryOut(home, live);
        assertThat(liveHas()).isEqualTo("null");
    }
}
