package dev.tidemill.backup;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Node;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.TestCorpus;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;

/// The jobs on backups as a server runs them, without the server.
final class BackupHarness implements AutoCloseable {

    /// The workspace of the runs; it may operate the installation.
    static final UUID OPERATORS = new UUID(0, 42);

    final ConfigurableApplicationContext context;
    final JdbcClient owner;

    BackupHarness(TestDatabase database, Path home, Map<String, String> settings) {
        this(database.jdbcUrl(), database.username(), database.password(), home, settings);
    }

    BackupHarness(String url, String username, String password, Path home, Map<String, String> settings) {
        owner = JdbcClient.create(new DriverManagerDataSource(url, username, password));
        Map<String, Object> properties = new HashMap<>(Map.of("backup.part-size", "64KB"));
        properties.putAll(settings);
        properties.put("test.url", url);
        properties.put("test.username", username);
        properties.put("test.password", password);
        properties.put("tidemill.home", home.toString());
        properties.put("tidemill.runs.interval", "50ms");
        properties.put("spring.batch.job.enabled", "false");
        properties.put("spring.batch.jdbc.initialize-schema", "never");
        properties.put("spring.batch.jdbc.isolation-level-for-create", "read-committed");
        properties.put("spring.batch.jdbc.validate-transaction-state", "false");
        properties.put("spring.main.banner-mode", "off");
        properties.put("spring.main.allow-bean-definition-overriding", "true");
        properties.put("spring.liquibase.enabled", "false");
        properties.put("logging.level.root", "WARN");
        context = new SpringApplicationBuilder(Configuration.class)
                .web(WebApplicationType.NONE)
                .properties(properties)
                .run();
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({RunConfiguration.class, BackupConfiguration.class})
    static class Configuration {

        @Bean(defaultCandidate = false)
        HikariDataSource pool(Environment environment) {
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(environment.getRequiredProperty("test.url"));
            pool.setUsername(environment.getRequiredProperty("test.username"));
            pool.setPassword(environment.getRequiredProperty("test.password"));
            pool.setConnectionInitSql("SET ROLE tidemill_batch");
            pool.setMaximumPoolSize(6);
            return new HikariDataSource(pool);
        }

        @Bean
        @Primary
        DataSource dataSource(@Qualifier("pool") HikariDataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
        }

        /// As the owner, who may end the sessions of dead processes.
        @Bean(defaultCandidate = false)
        @Qualifier(RunConfiguration.HEARTBEAT)
        DataSource heartbeatDataSource(Environment environment) {
            return new DriverManagerDataSource(
                    environment.getRequiredProperty("test.url"),
                    environment.getRequiredProperty("test.username"),
                    environment.getRequiredProperty("test.password"));
        }

        @Bean
        Premises premises(Environment environment, Node node) {
            return new Premises(
                    new LiveDatabase(
                            environment.getRequiredProperty("test.url"),
                            environment.getRequiredProperty("test.username"),
                            environment.getRequiredProperty("test.password"),
                            node.connectionMark()),
                    environment.containsProperty("test.cluster")
                            ? Path.of(environment.getRequiredProperty("test.cluster"))
                            : null,
                    OPERATORS);
        }

        /// Asks with the vectors of the test's corpus instead of a model.
        @Bean
        Questions backupQuestions() {
            return new Questions(new QueryVectors(TestCorpus.FINGERPRINT, TestCorpus::embed));
        }
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    Runs runs() {
        return bean(Runs.class);
    }

    Catalogue catalogue() {
        return bean(Depot.class).catalogue();
    }

    LiveDatabase live() {
        return bean(Premises.class).database();
    }

    long start(String job, Map<String, String> parameters) {
        return runs().launch(LaunchRequest.of(OPERATORS, job, parameters, "test"))
                .runId();
    }

    RunView run(String job, Map<String, String> parameters) {
        return await(start(job, parameters));
    }

    RunView await(long run) {
        return runs().finished(run).join();
    }

    /// Makes a backup of everything and returns its id.
    String backup() {
        RunView run = run("backup", Map.of());
        if (!run.status().equals("COMPLETED")) {
            throw new AssertionError("the backup ended " + run.status() + ": " + run.message());
        }
        return String.valueOf(run.parameters().get("backup"));
    }

    @Override
    public void close() {
        context.close();
    }
}
