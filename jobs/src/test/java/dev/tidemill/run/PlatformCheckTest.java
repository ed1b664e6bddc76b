package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.repository.support.JdbcJobRepositoryFactoryBean;
import org.springframework.batch.core.repository.support.ResourcelessJobRepository;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;

/// What the platform refuses to start on.
class PlatformCheckTest {

    private static TestDatabase database;

    @BeforeAll
    static void create() {
        database = TestDatabase.createPlatform();
    }

    @AfterAll
    static void close() {
        database.close();
    }

    private static PlatformTransactionManager fenced(DataSource source) {
        return new FencedTransactionManager(source, new Fences());
    }

    private static JobRepository repository(DataSource source) throws Exception {
        JdbcJobRepositoryFactoryBean factory = new JdbcJobRepositoryFactoryBean();
        factory.setDataSource(source);
        factory.setTransactionManager(new JdbcTransactionManager(source));
        factory.afterPropertiesSet();
        return factory.getObject();
    }

    private static void check(
            String enabled, JobRepository repository, PlatformTransactionManager transactions, DataSource source) {
        StandardEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .addFirst(new MapPropertySource("test", Map.of("spring.batch.job.enabled", enabled)));
        new PlatformCheck(environment, repository, transactions, JdbcClient.create(source))
                .afterSingletonsInstantiated();
    }

    @Test
    void whatIsCompleteIsTaken() throws Exception {
        DataSource source = database.dataSource();
        JobRepository repository = repository(source);
        assertThatCode(() -> check("false", repository, fenced(source), source)).doesNotThrowAnyException();
    }

    @Test
    void aFrameworkThatLaunchesJobsByItselfIsRefused() throws Exception {
        DataSource source = database.dataSource();
        JobRepository repository = repository(source);
        assertThatThrownBy(() -> check("true", repository, fenced(source), source))
                .hasMessageContaining("spring.batch.job.enabled");
    }

    @Test
    void aJobRepositoryThatForgetsIsRefused() {
        DataSource source = database.dataSource();
        assertThatThrownBy(() -> check("false", new ResourcelessJobRepository(), fenced(source), source))
                .hasMessageContaining("ResourcelessJobRepository")
                .hasMessageContaining("spring-boot-starter-batch-jdbc");
    }

    @Test
    void aTransactionManagerWithoutTheFenceIsRefused() throws Exception {
        DataSource source = database.dataSource();
        JobRepository repository = repository(source);
        assertThatThrownBy(() -> check("false", repository, new JdbcTransactionManager(source), source))
                .hasMessageContaining("does not check leases");
    }

    @Test
    void missingTablesAreNamed() throws Exception {
        try (TestDatabase empty = TestDatabase.createEmpty()) {
            DataSource source = empty.dataSource();
            JobRepository repository = repository(source);
            assertThatThrownBy(() -> check("false", repository, fenced(source), source))
                    .hasMessageContaining("batch_job_instance")
                    .hasMessageContaining("Schema.applyPlatform");
        }
    }
}
