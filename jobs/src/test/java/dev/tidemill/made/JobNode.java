package dev.tidemill.made;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Plans;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.store.FirstStart;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
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
import org.springframework.transaction.PlatformTransactionManager;

/// Runs jobs as a server does, without the server.
public final class JobNode implements AutoCloseable {

    private final ConfigurableApplicationContext context;
    public final JdbcClient owner;
    public final UUID workspaceId;

    /// @param jobs configurations of the jobs it knows
    public JobNode(TestDatabase database, Map<String, String> settings, Class<?>... jobs) {
        this(database.jdbcUrl(), database.username(), database.password(), settings, List.of(jobs));
    }

    JobNode(String url, String username, String password, Map<String, String> settings, List<Class<?>> jobs) {
        DataSource ownerSource = new DriverManagerDataSource(url, username, password);
        owner = JdbcClient.create(ownerSource);
        workspaceId = FirstStart.ensure(ownerSource);
        Map<String, Object> properties = new HashMap<>(settings);
        properties.put("test.url", url);
        properties.put("test.username", username);
        properties.put("test.password", password);
        properties.put("spring.batch.job.enabled", "false");
        properties.put("spring.batch.jdbc.initialize-schema", "never");
        properties.put("spring.batch.jdbc.isolation-level-for-create", "read-committed");
        properties.put("spring.batch.jdbc.validate-transaction-state", "false");
        properties.put("spring.main.banner-mode", "off");
        properties.put("spring.liquibase.enabled", "false");
        properties.put("logging.level.root", "WARN");
        properties.put("tidemill.runs.interval", "50ms");
        List<Class<?>> sources = new ArrayList<>(jobs);
        sources.add(Configuration.class);
        context = new SpringApplicationBuilder(sources.toArray(Class<?>[]::new))
                .web(WebApplicationType.NONE)
                .properties(properties)
                .run();
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(RunConfiguration.class)
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

        @Bean
        Workspaces workspaces(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
            return new Workspaces(transactionManager, jdbc);
        }

        @Bean
        Projects projects(Workspaces workspaces, JdbcClient jdbc) {
            return new Projects(workspaces, jdbc);
        }
    }

    public Runs runs() {
        return context.getBean(Runs.class);
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    /// Runs a job to its end.
    public RunView run(String job, Map<String, String> parameters) {
        return await(runs().launch(LaunchRequest.of(workspaceId, job, parameters, "test"))
                .runId());
    }

    public Plans.Kept plan(String job, Map<String, String> parameters) {
        return runs().plans().make(workspaceId, job, parameters, "tester");
    }

    public RunView await(long run) {
        try {
            return runs().finished(run).get(120, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("run " + run + " did not end", e);
        }
    }

    /// Reads as the owner, past row-level security.
    public List<Map<String, @Nullable Object>> rows(String sql) {
        return owner.sql(sql).query().listOfRows();
    }

    public long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }

    public void execute(String sql) {
        owner.sql(sql).update();
    }

    @Override
    public void close() {
        context.close();
    }
}
