package dev.tidemill.run;

import java.util.List;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.repository.support.SimpleJobRepository;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// Refuses to start on what would lose runs in silence: a job repository that forgets, a transaction manager that
/// knows no fence, missing tables, or a framework that launches jobs by itself.
final class PlatformCheck implements SmartInitializingSingleton {

    private static final List<String> TABLES = List.of(
            "batch_job_instance",
            "batch_job_execution",
            "batch_job_execution_params",
            "batch_job_execution_context",
            "batch_step_execution",
            "batch_step_execution_context",
            "nodes",
            "job_leases",
            "launches",
            "run_failures",
            "items_in_hand",
            "dead_letters",
            "audit_entries");

    private final Environment environment;
    private final JobRepository repository;
    private final PlatformTransactionManager transactionManager;
    private final JdbcClient jdbc;

    PlatformCheck(
            Environment environment,
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            JdbcClient jdbc) {
        this.environment = environment;
        this.repository = repository;
        this.transactionManager = transactionManager;
        this.jdbc = jdbc;
    }

    @Override
    public void afterSingletonsInstantiated() {
        if (environment.getProperty("spring.batch.job.enabled", Boolean.class, true)) {
            throw new IllegalStateException(
                    "spring.batch.job.enabled is true: the framework would launch every job at each"
                            + " start, past leases and identities. Set it to false");
        }
        Class<?> kind = AopProxyUtils.ultimateTargetClass(repository);
        if (!SimpleJobRepository.class.isAssignableFrom(kind)) {
            throw new IllegalStateException("the job repository is a " + kind.getName() + ", which keeps nothing: add"
                    + " spring-boot-starter-batch-jdbc, and leave out @EnableBatchProcessing");
        }
        if (!(transactionManager instanceof FencedTransactionManager)) {
            throw new IllegalStateException("the primary transaction manager is a "
                    + AopProxyUtils.ultimateTargetClass(transactionManager).getName()
                    + ", which does not check leases: leave the one of RunConfiguration as the only primary one");
        }
        List<String> missing = TABLES.stream().filter(table -> !exists(table)).toList();
        if (!missing.isEmpty()) {
            throw new IllegalStateException("the database lacks the tables " + String.join(", ", missing)
                    + ": apply the schema first, Schema.apply or Schema.applyPlatform");
        }
    }

    private boolean exists(String table) {
        return jdbc.sql("SELECT to_regclass(:name) IS NOT NULL")
                .param("name", table)
                .query(Boolean.class)
                .single();
    }
}
