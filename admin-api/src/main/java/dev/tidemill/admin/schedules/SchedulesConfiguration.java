package dev.tidemill.admin.schedules;

import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.run.Node;
import dev.tidemill.run.RunObserver;
import dev.tidemill.run.Runs;
import dev.tidemill.run.alerts.Outbox;
import java.nio.file.Path;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.quartz.Scheduler;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.scheduling.quartz.SchedulerFactoryBean;
import org.springframework.transaction.support.TransactionTemplate;

/// The schedules and their clock.
///
/// It works with a data source of its own, qualified `schedules`, whose role is the platform's: Quartz's rows and
/// ours commit together.
@Configuration(proxyBeanMethods = false)
public class SchedulesConfiguration {

    /// Name of the cluster in Quartz's tables.
    static final String SCHEDULER = "tidemill";

    private static final String QUALIFIER = "schedules";

    @Bean(defaultCandidate = false)
    @Qualifier(QUALIFIER)
    JdbcTransactionManager schedulesTransactions(@Qualifier(QUALIFIER) DataSource source) {
        return new JdbcTransactionManager(source);
    }

    @Bean(defaultCandidate = false)
    @Qualifier(QUALIFIER)
    JdbcClient schedulesJdbc(@Qualifier(QUALIFIER) DataSource source) {
        return JdbcClient.create(source);
    }

    @Bean
    ScheduleStore scheduleStore(@Qualifier(QUALIFIER) JdbcClient jdbc) {
        return new ScheduleStore(jdbc);
    }

    /// Made when it is first asked for: a command that has to do with no schedule starts without it.
    @Bean
    @Lazy
    SchedulerFactoryBean quartz(
            @Qualifier(QUALIFIER) DataSource source,
            @Qualifier(QUALIFIER) JdbcTransactionManager transactions,
            Node node,
            ObjectProvider<Fires> fires) {
        SchedulerFactoryBean factory = new SchedulerFactoryBean();
        factory.setDataSource(source);
        factory.setTransactionManager(transactions);
        factory.setSchedulerName(SCHEDULER);
        factory.setAutoStartup(false);
        // While the database is away Quartz's workers never complete, and must not keep the process from ending.
        // What one had in hand is told to the next process.
        factory.setWaitForJobsToCompleteOnShutdown(false);
        factory.setJobFactory((bundle, scheduler) -> new Alarm(fires.getObject()));
        Properties quartz = new Properties();
        quartz.setProperty("org.quartz.scheduler.instanceId", node.bootId().toString());
        quartz.setProperty("org.quartz.scheduler.idleWaitTime", "5000");
        quartz.setProperty("org.quartz.scheduler.skipUpdateCheck", "true");
        quartz.setProperty("org.quartz.scheduler.makeSchedulerThreadDaemon", "true");
        quartz.setProperty("org.quartz.threadPool.makeThreadsDaemons", "true");
        quartz.setProperty("org.quartz.threadPool.threadCount", "3");
        quartz.setProperty("org.quartz.jobStore.isClustered", "true");
        quartz.setProperty("org.quartz.jobStore.clusterCheckinInterval", "2000");
        quartz.setProperty("org.quartz.jobStore.misfireThreshold", "5000");
        quartz.setProperty("org.quartz.jobStore.acquireTriggersWithinLock", "true");
        quartz.setProperty("org.quartz.jobStore.useProperties", "true");
        quartz.setProperty("org.quartz.jobStore.driverDelegateClass", PostgreSQLDelegate.class.getName());
        quartz.setProperty(
                "org.quartz.jobStore.driverDelegateInitString",
                "triggerPersistenceDelegateClasses=" + LocalTimeTriggerStore.class.getName());
        factory.setQuartzProperties(quartz);
        return factory;
    }

    @Bean
    Alarms alarms(ObjectProvider<Scheduler> quartz) {
        return new Alarms(quartz::getObject);
    }

    @Bean
    MissedTimes missedTimes(@Qualifier(QUALIFIER) JdbcClient jdbc) {
        return new MissedTimes(new Outbox(jdbc));
    }

    @Bean
    Fires fires(
            ScheduleStore store,
            Alarms alarms,
            @Qualifier(QUALIFIER) JdbcTransactionManager transactions,
            Runs runs,
            MissedTimes missedTimes) {
        return new Fires(store, alarms, new TransactionTemplate(transactions), runs, missedTimes);
    }

    @Bean
    RunObserver afterRuns(JdbcClient jdbc) {
        return new AfterRuns(jdbc);
    }

    @Bean
    RunObserver recallPause(JdbcClient jdbc, ScheduleStore store, ObjectProvider<Operations> operations) {
        return new RecallPause(
                jdbc,
                store,
                operations::getObject,
                work -> Thread.ofVirtual().name("recall-pause").start(work));
    }

    @Bean
    Reconciler reconciler(
            @Qualifier(QUALIFIER) JdbcClient jdbc,
            @Qualifier(QUALIFIER) JdbcTransactionManager transactions,
            ScheduleStore store,
            Alarms alarms,
            StartWorkspace startWorkspace) {
        return new Reconciler(jdbc, new TransactionTemplate(transactions), store, alarms, startWorkspace);
    }

    @Bean
    Sweeper sweeper(
            @Qualifier(QUALIFIER) JdbcClient jdbc,
            @Qualifier(QUALIFIER) JdbcTransactionManager transactions,
            ScheduleStore store,
            Alarms alarms,
            Fires fires) {
        return new Sweeper(jdbc, new TransactionTemplate(transactions), store, alarms, fires);
    }

    @Bean
    ScheduleLag scheduleLag(@Qualifier(QUALIFIER) JdbcClient jdbc) {
        return new ScheduleLag(jdbc);
    }

    /// Health shows it under its name without the ending.
    @Bean
    SchedulesWatch schedulesHealthIndicator(ScheduleLag lag, MissedTimes missedTimes) {
        return new SchedulesWatch(lag, missedTimes);
    }

    @Bean
    SchedulesClock schedulesClock(
            @Value("${tidemill.schedules.folder:}") String folder,
            Node node,
            Runs runs,
            Reconciler reconciler,
            Alarms alarms,
            Fires fires,
            Sweeper sweeper) {
        @Nullable Path files = folder.isBlank() ? null : Path.of(folder);
        return new SchedulesClock(files, node.adopts(), runs, reconciler, alarms, fires, sweeper);
    }

    @Bean
    Operations scheduleOperations(
            @Qualifier(QUALIFIER) JdbcClient jdbc,
            @Qualifier(QUALIFIER) JdbcTransactionManager transactions,
            ScheduleStore store,
            Alarms alarms,
            Fires fires) {
        return new Operations(jdbc, new TransactionTemplate(transactions), store, alarms, fires);
    }

    @Bean
    Backfill backfill(ScheduleStore store, Fires fires) {
        return new Backfill(store, fires);
    }

    @Bean
    SchedulesController schedulesController(
            ScheduleStore store, SchedulesClock clock, Operations operations, Backfill backfill, StartWorkspace start) {
        return new SchedulesController(store, clock, operations, backfill, start);
    }
}
