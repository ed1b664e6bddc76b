package dev.tidemill.admin;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/// Asks again for a connection while the server is starting, or has none to give. Any other answer is final.
final class PatientDataSource extends DelegatingDataSource {

    private static final Logger log = LoggerFactory.getLogger(PatientDataSource.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /// SQL states of PostgreSQL: too many connections, and not ready to take any yet.
    private static final String TOO_MANY = "53300";

    private static final String STARTING = "57P03";

    /// Lets time pass.
    interface Sleep {
        void sleep(Duration time) throws InterruptedException;
    }

    private final Duration most;
    private final Sleep sleep;

    PatientDataSource(DataSource source, Duration most, Sleep sleep) {
        super(source);
        this.most = most;
        this.sleep = sleep;
    }

    @Override
    public Connection getConnection() throws SQLException {
        Duration waited = Duration.ZERO;
        for (Duration wait = FIRST_WAIT; ; wait = shorter(wait.multipliedBy(2), LONGEST_WAIT)) {
            try {
                return super.getConnection();
            } catch (SQLException e) {
                if (!passes(e) || waited.compareTo(most) >= 0) {
                    throw e;
                }
                log.warn("the database takes no connection yet ({}); next try in {}", e.getMessage(), wait);
                waited = waited.plus(wait);
                pause(wait, e);
            }
        }
    }

    private void pause(Duration wait, SQLException refused) throws SQLException {
        try {
            sleep.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            refused.addSuppressed(e);
            throw refused;
        }
    }

    private static boolean passes(SQLException e) {
        return TOO_MANY.equals(e.getSQLState()) || STARTING.equals(e.getSQLState());
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
