package dev.tidemill.run;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.List;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.repository.dao.JacksonExecutionContextStringSerializer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// The beans of the run platform, in the order in which they are needed. Jobs come to it as beans of type
/// [JobDefinition].
///
/// It works with the application's primary `DataSource`. A second one with the qualifier [#HEARTBEAT], where there
/// is one, gives the heartbeat a connection that no pool can withhold.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RunProperties.class)
public class RunConfiguration {

    /// Qualifier of the data source for the heartbeat.
    public static final String HEARTBEAT = "heartbeat";

    @Bean
    Node node(RunProperties properties) {
        return Node.ofThisProcess(properties.adopt());
    }

    @Bean
    Fences fences() {
        return new Fences();
    }

    /// Business rows, the job repository and the check of the lease commit together.
    @Bean
    @Primary
    PlatformTransactionManager transactionManager(DataSource dataSource, Fences fences) {
        return new FencedTransactionManager(dataSource, fences);
    }

    /// Execution contexts as readable JSON instead of serialized Java objects.
    @Bean
    JacksonExecutionContextStringSerializer executionContextSerializer() {
        return new JacksonExecutionContextStringSerializer();
    }

    @Bean
    RunListener runListener() {
        return new RunListener();
    }

    @Bean
    RunMetrics runMetrics(ObjectProvider<MeterRegistry> meters) {
        // An empty one counts nothing: not every application that runs jobs is scraped.
        return new RunMetrics(meters.getIfAvailable(CompositeMeterRegistry::new));
    }

    @Bean
    RunFigures runFigures(Control control) {
        return new RunFigures(control);
    }

    @Bean
    ItemsInHand itemsInHand(JdbcClient jdbc, PlatformTransactionManager transactionManager) {
        return new ItemsInHand(jdbc, transactionManager);
    }

    @Bean
    ChildRuns childRuns(ObjectProvider<Runs> runs, PlatformTransactionManager transactionManager) {
        return new ChildRuns(runs, transactionManager);
    }

    @Bean
    Control control(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
        return new Control(transactionManager, jdbc);
    }

    @Bean
    Leases leases(
            JdbcClient jdbc,
            DataSource dataSource,
            @Qualifier(HEARTBEAT) ObjectProvider<DataSource> heartbeatSource,
            Node node) {
        return new Leases(jdbc, heartbeatSource.getIfAvailable(() -> dataSource), node);
    }

    @Bean
    LeaseCheck leaseCheck(Control control, Leases leases) {
        return new LeaseCheck(control, leases);
    }

    @Bean
    Jobs jobs(List<JobDefinition> definitions, Environment environment) {
        return new Jobs(definitions, new ConfigHash(environment)::of);
    }

    @Bean
    Runs runs(
            RunProperties properties,
            Node node,
            Fences fences,
            Leases leases,
            DataSource dataSource,
            @Qualifier(HEARTBEAT) ObjectProvider<DataSource> heartbeatSource,
            Control control,
            JdbcClient jdbc,
            JobRepository repository,
            Jobs jobs,
            RunListener listener,
            ItemsInHand itemsInHand,
            List<RunObserver> observers) {
        DataSource own = heartbeatSource.getIfAvailable(() -> dataSource);
        Launches launches = new Launches(jdbc);
        Conclusion conclusion = new Conclusion(
                control, launches, leases, itemsInHand, jobs, repository, observers, RandomGenerator.getDefault());
        Heartbeat heartbeat = new Heartbeat(own, node, fences, properties.timing());
        Dispatcher dispatcher = new Dispatcher(
                control, launches, leases, fences, heartbeat, conclusion, jobs, repository, listener, node, properties);
        return new Runs(
                control,
                launches,
                leases,
                dispatcher,
                conclusion,
                heartbeat,
                listener,
                jobs,
                repository,
                node,
                properties.shutdown());
    }

    @Bean
    PlatformCheck platformCheck(
            Environment environment,
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            JdbcClient jdbc) {
        return new PlatformCheck(environment, repository, transactionManager, jdbc);
    }

    @Bean
    Steps steps(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            RunListener listener,
            ObjectProvider<Jobs> jobs,
            JdbcClient jdbc,
            DeadLetters deadLetters,
            ItemsInHand itemsInHand,
            ObjectProvider<Pause> pause,
            RunMetrics metrics,
            Control control) {
        ChunkPolicies policies = new ChunkPolicies(
                jobs, jdbc, deadLetters, itemsInHand, pause.getIfAvailable(Pause::real), RandomGenerator.getDefault());
        return new Steps(repository, transactionManager, listener, policies, metrics, new RunTrace(control));
    }

    @Bean
    DeadLetters deadLetters(JdbcClient jdbc) {
        return new DeadLetters(jdbc);
    }
}
