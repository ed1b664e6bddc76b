package dev.tidemill.admin.schedules;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.Steps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.batch.jdbc.autoconfigure.BatchJdbcAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jdbc.autoconfigure.JdbcClientAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;

/// The run platform and the schedules without web and model, with jobs that do next to nothing. As a main it is a
/// process of its own.
public final class TestNode {

    static final UUID WORKSPACE = UUID.fromString("00000000-0000-4000-8000-0000000000aa");

    private TestNode() {}

    /// What a run of `hold` waits for, by its key.
    static final Map<String, CountDownLatch> GATES = new java.util.concurrent.ConcurrentHashMap<>();

    static ConfigurableApplicationContext start(
            String url, String user, String password, String folder, boolean server, String... settings) {
        List<String> arguments = new ArrayList<>(List.of(
                "--test.url=" + url,
                "--test.user=" + user,
                "--test.password=" + password,
                "--tidemill.schedules.folder=" + folder,
                "--tidemill.runs.adopt=" + server,
                "--tidemill.runs.interval=200ms",
                "--spring.main.banner-mode=off",
                "--spring.batch.job.enabled=false",
                "--spring.batch.jdbc.initialize-schema=never",
                "--spring.batch.jdbc.isolation-level-for-create=read-committed",
                "--spring.batch.jdbc.validate-transaction-state=false"));
        arguments.addAll(Arrays.asList(settings));
        return new SpringApplicationBuilder(Parts.class)
                .web(WebApplicationType.NONE)
                .properties("spring.config.name=none")
                .run(arguments.toArray(String[]::new));
    }

    public static void main(String[] arguments) throws Exception {
        ConfigurableApplicationContext context = start(arguments[0], arguments[1], arguments[2], arguments[3], true);
        System.out.println("READY " + System.currentTimeMillis());
        // Ends when whoever started it closes the pipe, or dies.
        System.in.readAllBytes();
        context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        JdbcTemplateAutoConfiguration.class,
        JdbcClientAutoConfiguration.class,
        BatchJdbcAutoConfiguration.class
    })
    @Import({RunConfiguration.class, SchedulesConfiguration.class})
    static class Parts {

        private static HikariDataSource pool(String url, String user, String password, String role) {
            HikariDataSource pool = new HikariDataSource();
            pool.setJdbcUrl(url);
            pool.setUsername(user);
            pool.setPassword(password);
            pool.setConnectionInitSql("SET ROLE " + role);
            pool.setMaximumPoolSize(8);
            pool.setMinimumIdle(1);
            return pool;
        }

        @Bean
        @Primary
        HikariDataSource batch(
                @Value("${test.url}") String url,
                @Value("${test.user}") String user,
                @Value("${test.password}") String password) {
            return pool(url, user, password, "tidemill_batch");
        }

        @Bean(defaultCandidate = false)
        @Qualifier("schedules")
        HikariDataSource schedules(
                @Value("${test.url}") String url,
                @Value("${test.user}") String user,
                @Value("${test.password}") String password) {
            return pool(url, user, password, "tidemill_meta");
        }

        @Bean(defaultCandidate = false)
        @Qualifier(RunConfiguration.HEARTBEAT)
        DataSource heartbeat(
                @Value("${test.url}") String url,
                @Value("${test.user}") String user,
                @Value("${test.password}") String password) {
            var source = new org.postgresql.ds.PGSimpleDataSource();
            source.setUrl(url);
            source.setUser(user);
            source.setPassword(password);
            return source;
        }

        @Bean
        StartWorkspace startWorkspace() {
            return new StartWorkspace(WORKSPACE);
        }

        @Bean
        Job tickJob(Steps steps, @Qualifier("tickStep") Step step) {
            return steps.job("tick").start(step).build();
        }

        @Bean
        Step tickStep(Steps steps) {
            return steps.tasklet("work", (contribution, chunk) -> RepeatStatus.FINISHED)
                    .build();
        }

        /// Each launch works on something of its own.
        @Bean
        JobDefinition tick(@Qualifier("tickJob") Job job) {
            return JobDefinition.of(job, "does nothing, and is done at once")
                    .prepared((workspace, given) -> new Prepared("tick " + UUID.randomUUID(), given))
                    .build();
        }

        @Bean
        Job holdJob(Steps steps, @Qualifier("holdStep") Step step) {
            return steps.job("hold").start(step).build();
        }

        @Bean
        Step holdStep(Steps steps) {
            return steps.tasklet("work", (contribution, chunk) -> {
                        String key = String.valueOf(
                                chunk.getStepContext().getJobParameters().get("key"));
                        if (key.equals("broken")) {
                            throw new IllegalStateException("broken on purpose");
                        }
                        CountDownLatch gate = GATES.get(key);
                        if (gate == null || gate.await(20, java.util.concurrent.TimeUnit.MILLISECONDS)) {
                            return RepeatStatus.FINISHED;
                        }
                        return RepeatStatus.CONTINUABLE;
                    })
                    .build();
        }

        /// Works on its key until the test opens the gate.
        @Bean
        JobDefinition hold(@Qualifier("holdJob") Job job) {
            return JobDefinition.of(job, "waits for a gate")
                    .parameter(JobParameter.text("key", "what it works on"))
                    .prepared((workspace, given) -> {
                        if ("unready".equals(given.get("key"))) {
                            throw new IllegalStateException("the world is not ready");
                        }
                        return new Prepared("hold " + given.get("key"), given);
                    })
                    .build();
        }
    }
}
