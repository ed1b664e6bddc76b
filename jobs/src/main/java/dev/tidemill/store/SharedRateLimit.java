package dev.tidemill.store;

import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// An allowance of requests that all processes on the database share: a bucket that fills at an even pace. Whoever
/// finds it empty takes a place in the line and is told how long it is.
public final class SharedRateLimit {

    /// What may be asked for at once: the allowance of this many seconds.
    private static final double BURST_SECONDS = 5;

    private final TransactionTemplate alone;
    private final JdbcClient jdbc;

    public SharedRateLimit(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
        this.alone = new TransactionTemplate(transactionManager);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.jdbc = jdbc;
    }

    /// Takes requests out of the allowance.
    ///
    /// @return how long to wait before sending them
    public Duration reserve(String name, int perMinute, int requests) {
        double perSecond = perMinute / 60.0;
        double burst = Math.max(1, perSecond * BURST_SECONDS);
        Double left = alone.execute(status -> jdbc.sql("""
                        INSERT INTO rate_limits AS r (name, tokens, at)
                        VALUES (:name, CAST(:burst AS float8) - :requests, clock_timestamp())
                        ON CONFLICT (name) DO UPDATE
                        SET tokens = least(:burst, r.tokens + extract(epoch FROM clock_timestamp() - r.at) * :perSecond) - :requests,
                            at = clock_timestamp()
                        RETURNING tokens
                        """)
                .param("name", name)
                .param("burst", burst)
                .param("requests", requests)
                .param("perSecond", perSecond)
                .query(Double.class)
                .single());
        return left == null || left >= 0
                ? Duration.ZERO
                : Duration.ofMillis((long) Math.ceil(-left / perSecond * 1000));
    }
}
