package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

class PatientDataSourceTest {

    private TestDatabase database;
    private JdbcClient owner;
    private PGSimpleDataSource crowded;
    private final List<Duration> waits = new ArrayList<>();

    @BeforeEach
    void aDatabaseWithNoConnectionToGive() throws Exception {
        database = TestDatabase.create();
        owner = JdbcClient.create(database.dataSource());
        owner.sql("DROP ROLE IF EXISTS latecomer").update();
        owner.sql("CREATE ROLE latecomer LOGIN PASSWORD 'late' CONNECTION LIMIT 0")
                .update();
        crowded = new PGSimpleDataSource();
        crowded.setUrl(database.jdbcUrl());
        crowded.setUser("latecomer");
        crowded.setPassword("late");
    }

    @AfterEach
    void drop() throws Exception {
        owner.sql("DROP ROLE latecomer").update();
        database.close();
    }

    @Test
    void asksAgainUntilThereIsRoomAndWaitsLongerEachTime() throws Exception {
        PatientDataSource patient = new PatientDataSource(crowded, Duration.ofSeconds(60), time -> {
            waits.add(time);
            if (waits.size() == 7) {
                owner.sql("ALTER ROLE latecomer CONNECTION LIMIT 1").update();
            }
        });

        try (Connection connection = patient.getConnection()) {
            assertThat(connection.isValid(5)).isTrue();
        }
        assertThat(waits).extracting(Duration::toMillis).containsExactly(250L, 500L, 1000L, 2000L, 4000L, 5000L, 5000L);
    }

    @Test
    void givesUpWhenItsPatienceIsOver() {
        PatientDataSource patient = new PatientDataSource(crowded, Duration.ofSeconds(1), waits::add);

        assertThatThrownBy(patient::getConnection)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53300"));
        assertThat(waits).extracting(Duration::toMillis).containsExactly(250L, 500L, 1000L);
    }

    @Test
    void doesNotAskAgainAfterAnAnswerThatWillNotChange() {
        crowded.setPassword("wrong");
        crowded.setUser("nobody_of_this_name");
        PatientDataSource patient = new PatientDataSource(crowded, Duration.ofSeconds(60), waits::add);

        assertThatThrownBy(patient::getConnection).isInstanceOf(SQLException.class);
        assertThat(waits).isEmpty();
    }
}
