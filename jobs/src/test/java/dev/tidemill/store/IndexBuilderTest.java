package dev.tidemill.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.Await;
import dev.tidemill.search.TestCorpus;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// One session builds an index at a time, and none waits for ever.
@Timeout(120)
class IndexBuilderTest {

    private static final IndexBuilder.Means MEANS = new IndexBuilder.Means(16, 0);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private TestCorpus corpus;
    private String table;

    @BeforeEach
    void fill() {
        corpus = new TestCorpus();
        corpus.document(corpus.workspace("mine"), "a.md", "vacuum prevents wraparound");
        table = corpus.owner()
                .sql("SELECT 'vectors_' || min(id) FROM vector_sets")
                .query(String.class)
                .single();
        corpus.owner()
                .sql("CREATE INDEX " + table + "_hnsw ON " + table + " USING hnsw (embedding halfvec_cosine_ops)")
                .update();
    }

    @AfterEach
    void close() {
        threads.shutdownNow();
        corpus.close();
    }

    private Connection locked() throws SQLException {
        Connection connection = corpus.database().dataSource().getConnection();
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(hashtextextended('" + table + "_hnsw', 0))");
        }
        return connection;
    }

    private boolean rebuild(Duration hung, AtomicBoolean stop) throws InterruptedException {
        return new IndexBuilder(corpus.database().dataSource(), hung).rebuild(table, MEANS, progress -> {}, stop::get);
    }

    private boolean waits() {
        return corpus.owner()
                .sql("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                .query(Boolean.class)
                .single();
    }

    @Test
    void aSessionThatHoldsTheLockAndDoesNothingIsEnded() throws Exception {
        try (Connection hung = locked()) {
            assertThat(rebuild(Duration.ZERO, new AtomicBoolean())).isTrue();
            assertThat(hung.isValid(1)).isFalse();
        }
    }

    @Test
    void aSessionThatIsAtWorkIsWaitedFor() throws Exception {
        try (Connection other = locked();
                Statement work = other.createStatement()) {
            Future<Boolean> working = threads.submit(() -> work.execute("SELECT pg_sleep(60)"));
            Await.until(
                    "the work",
                    () -> corpus.owner()
                            .sql("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                            .query(Boolean.class)
                            .single());
            Future<Boolean> built = threads.submit(() -> rebuild(Duration.ZERO, new AtomicBoolean()));
            Await.until("the wait for the lock", this::waits);
            assertThat(built.isDone()).isFalse();

            work.cancel();
            assertThat(working).failsWithin(Duration.ofSeconds(10));
            work.execute("SELECT pg_advisory_unlock_all()");
            assertThat(built.get(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aSessionThatDidSomethingLatelyIsWaitedForUntilTheStop() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        try (Connection other = locked()) {
            Future<Boolean> built = threads.submit(() -> rebuild(Duration.ofHours(1), stop));
            Await.until("the wait for the lock", this::waits);
            stop.set(true);

            assertThat(built.get(60, TimeUnit.SECONDS)).isFalse();
            assertThat(other.isValid(1)).isTrue();
        }
    }
}
