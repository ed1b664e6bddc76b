package dev.tidemill.run;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.TestDatabase;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/// A node of the platform with jobs of a test: one application context with its own pool. Several on one database
/// are several nodes.
final class TestNode implements AutoCloseable {

    static final UUID WORKSPACE = new UUID(7, 7);
    static final UUID OTHER_WORKSPACE = new UUID(7, 8);

    private final ConfigurableApplicationContext context;

    /// Makes a job.
    interface Definition {
        JobDefinition define(Steps steps, JdbcClient jdbc);
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(RunConfiguration.class)
    static class Configuration {}

    private TestNode(ConfigurableApplicationContext context) {
        this.context = context;
    }

    static Builder on(TestDatabase database) {
        return new Builder(database.jdbcUrl(), database.username(), database.password());
    }

    static Builder on(String url, String username, String password) {
        return new Builder(url, username, password);
    }

    static final class Builder {
        private final HikariConfig pool = new HikariConfig();
        private final Map<String, Object> settings = new HashMap<>();
        private final Map<String, Definition> jobs = new HashMap<>();
        private UnaryOperator<DataSource> around = source -> source;

        private Builder(String url, String username, String password) {
            pool.setJdbcUrl(url);
            pool.setUsername(username);
            pool.setPassword(password);
            pool.setConnectionInitSql("SET ROLE tidemill_batch");
            pool.setMaximumPoolSize(8);
            pool.setMinimumIdle(1);
            settings.put("spring.batch.job.enabled", "false");
            settings.put("spring.batch.jdbc.initialize-schema", "never");
            settings.put("spring.batch.jdbc.isolation-level-for-create", "read-committed");
            settings.put("spring.batch.jdbc.validate-transaction-state", "false");
            settings.put("spring.main.banner-mode", "off");
            settings.put("spring.liquibase.enabled", "false");
            settings.put("logging.level.root", "WARN");
            settings.put("tidemill.runs.interval", "50ms");
        }

        Builder job(String name, Definition definition) {
            jobs.put(name, definition);
            return this;
        }

        Builder with(String name, String value) {
            settings.put(name, value);
            return this;
        }

        /// Takes over what others leave.
        Builder adopting() {
            return with("tidemill.runs.adopt", "true");
        }

        /// Beats once, at its start, and believes in itself for hours: what becomes of it is the test's to say.
        Builder heldByTheTest() {
            return with("tidemill.runs.heartbeat", "1h")
                    .with("tidemill.runs.patience", "2h")
                    .with("tidemill.runs.lease", "3h");
        }

        Builder around(UnaryOperator<DataSource> wrapper) {
            around = wrapper;
            return this;
        }

        TestNode start() {
            return new TestNode(new SpringApplicationBuilder(Configuration.class)
                    .web(WebApplicationType.NONE)
                    .properties(settings)
                    .initializers((GenericApplicationContext beans) -> {
                        beans.registerBean(
                                "dataSource", DataSource.class, () -> around.apply(new HikariDataSource(pool)));
                        jobs.forEach((name, definition) -> beans.registerBean(
                                name + "Definition",
                                JobDefinition.class,
                                () -> definition.define(beans.getBean(Steps.class), beans.getBean(JdbcClient.class))));
                    })
                    .run());
        }
    }

    Runs runs() {
        return context.getBean(Runs.class);
    }

    ChildRuns children() {
        return context.getBean(ChildRuns.class);
    }

    UUID bootId() {
        return context.getBean(Node.class).bootId();
    }

    /// Whether no thread of it works on a run, under whatever lease.
    boolean isIdle() {
        return context.getBean(Fences.class).held().isEmpty();
    }

    Launched launch(String job, Map<String, String> parameters) {
        return runs().launch(LaunchRequest.of(WORKSPACE, job, parameters, "test"));
    }

    RunView finished(long run) throws Exception {
        return runs().finished(run).get(60, TimeUnit.SECONDS);
    }

    long resume(long run) {
        return runs().resume(WORKSPACE, run, "tester", "");
    }

    @Override
    public void close() {
        context.close();
    }
}
