package dev.tidemill.run;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemReader;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;

/// A small job on the platform alone: takes numbers from 1 on and writes them to a table.
final class NumbersHarness implements AutoCloseable {

    static final UUID WORKSPACE = new UUID(7, 7);

    final TestDatabase database = TestDatabase.create();
    final JdbcClient owner = JdbcClient.create(database.dataSource());
    final ConfigurableApplicationContext context;

    /// What the job does, as a test wishes.
    static class Numbers {
        int count = 10;
        int commit = 4;
        JobPolicy policy = JobPolicy.defaults();
        Work work = number -> number;
        Write write = (number, jdbc) -> {};
        List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());

        @Nullable
        Long retried;

        Plan plan = plan("w", 3);
        List<DeadLetter> replayed = new ArrayList<>();

        static Plan plan(String world, long items) {
            return new Plan(
                    Map.of("items", items),
                    items * 10,
                    java.math.BigDecimal.ZERO,
                    Duration.ofSeconds(items),
                    items * 100,
                    List.of("a note"),
                    world);
        }
    }

    interface Work {
        @Nullable
        Integer process(Integer number) throws Exception;
    }

    interface Write {
        void write(Integer number, JdbcClient jdbc) throws Exception;
    }

    NumbersHarness(Numbers numbers) {
        owner.sql("CREATE TABLE written (number integer); GRANT ALL ON written TO tidemill_batch")
                .update();
        context = new SpringApplicationBuilder(Configuration.class)
                .web(WebApplicationType.NONE)
                .initializers(c -> {
                    c.getBeanFactory().registerSingleton("numbers", numbers);
                    c.getBeanFactory().registerSingleton("database", database);
                })
                .properties(Map.of(
                        "spring.batch.job.enabled", "false",
                        "spring.batch.jdbc.initialize-schema", "never",
                        "spring.batch.jdbc.isolation-level-for-create", "read-committed",
                        "spring.batch.jdbc.validate-transaction-state", "false",
                        "spring.main.banner-mode", "off",
                        "spring.liquibase.enabled", "false",
                        "tidemill.runs.interval", "50ms",
                        "logging.level.root", "WARN"))
                .run();
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(RunConfiguration.class)
    static class Configuration {

        @Bean(defaultCandidate = false)
        HikariDataSource pool(TestDatabase database) {
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(database.jdbcUrl());
            pool.setUsername(database.username());
            pool.setPassword(database.password());
            pool.setConnectionInitSql("SET ROLE tidemill_batch");
            pool.setMaximumPoolSize(5);
            return new HikariDataSource(pool);
        }

        @Bean
        @Primary
        DataSource dataSource(@Qualifier("pool") HikariDataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
        }

        @Bean
        Pause pause(Numbers numbers) {
            return (time, stopped) -> {
                numbers.pauses.add(time);
                return !stopped.getAsBoolean();
            };
        }

        @Bean
        @StepScope
        ItemReader<Integer> numbersReader(Numbers numbers, JdbcClient jdbc, PlatformTransactionManager transactions) {
            // What is done is read from the data, so that a resumed run goes on.
            Iterator<Integer> left = IntStream.rangeClosed(1, numbers.count).iterator();
            List<Integer> done = jdbc.sql("SELECT number FROM written")
                    .query((row, n) -> row.getInt(1))
                    .list();
            return () -> {
                while (left.hasNext()) {
                    Integer next = left.next();
                    if (!done.contains(next)) {
                        return next;
                    }
                }
                return null;
            };
        }

        @Bean
        Job numbersJob(Steps steps, ItemReader<Integer> numbersReader, Numbers numbers, JdbcClient jdbc) {
            return steps.job("numbers")
                    .start(steps.<Integer, Integer>chunks("take", numbers.commit)
                            .keyed(number -> "number " + number)
                            .reader(numbersReader)
                            .processor(number -> numbers.work.process(number))
                            .writer((Chunk<? extends Integer> chunk) -> {
                                for (Integer number : chunk) {
                                    numbers.write.write(number, jdbc);
                                    jdbc.sql("INSERT INTO written VALUES (:number)")
                                            .param("number", number)
                                            .update();
                                }
                            })
                            .build())
                    .build();
        }

        @Bean
        JobDefinition numbersDefinition(Job numbersJob, Numbers numbers) {
            return JobDefinition.of(numbersJob, "takes numbers")
                    .parameter(JobParameter.text("from", "where from").orElse("nowhere"))
                    .planned((workspace, parameters) -> numbers.plan)
                    .replayed((workspace, letters) -> {
                        numbers.replayed.addAll(letters);
                        return List.of(LaunchRequest.of(workspace, "numbers", Map.of(), "replay"));
                    })
                    .configuredBy(numbers.policy)
                    .policy(numbers.policy)
                    .build();
        }
    }

    Runs runs() {
        return context.getBean(Runs.class);
    }

    RunView run() {
        return await(runs().launch(LaunchRequest.of(WORKSPACE, "numbers", Map.of(), "test"))
                .runId());
    }

    RunView await(long run) {
        return runs().finished(run).join();
    }

    List<Integer> written() {
        return owner.sql("SELECT number FROM written ORDER BY 1")
                .query((row, n) -> row.getInt(1))
                .list();
    }

    List<Map<String, @Nullable Object>> letters() {
        return owner.sql("SELECT * FROM dead_letters ORDER BY length(item_key), item_key")
                .query()
                .listOfRows();
    }

    @Override
    public void close() {
        context.close();
        database.close();
    }
}
