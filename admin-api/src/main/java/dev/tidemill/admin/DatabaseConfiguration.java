package dev.tidemill.admin;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import dev.tidemill.backup.LiveDatabase;
import dev.tidemill.backup.Premises;
import dev.tidemill.backup.PromotionOrder;
import dev.tidemill.run.Control;
import dev.tidemill.run.Node;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.RunProperties;
import dev.tidemill.schema.Schema;
import dev.tidemill.store.FirstStart;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.Projects;
import dev.tidemill.store.TableStatistics;
import dev.tidemill.store.Workspaces;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;

/// The database, its schema, and one pool for each role: a connection takes its role when it is made and keeps it.
///
/// The pool of the jobs is the primary one, so that business rows and the job repository commit together.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DatabaseProperties.class)
class DatabaseConfiguration {

    static final String APP = "app";
    static final String SCHEDULES = "schedules";

    private static final int CORES = Runtime.getRuntime().availableProcessors();

    /// What the server does about a client that is gone or stuck, for databases whose own settings say nothing. The
    /// last one is not known to every server.
    private static final String SERVER_SIDE = """
            DO $$ BEGIN
              PERFORM set_config('lock_timeout', '10s', false), set_config('idle_in_transaction_session_timeout', '60s', false),
                set_config('tcp_keepalives_idle', '15', false), set_config('tcp_user_timeout', '30000', false);
              BEGIN
                PERFORM set_config('client_connection_check_interval', '5s', false);
              EXCEPTION WHEN undefined_object OR invalid_parameter_value OR feature_not_supported THEN
                NULL;
              END;
            END $$""";

    @Bean
    Home home(@Value("${tidemill.home}") String folder) {
        Home home = new Home(java.nio.file.Path.of(folder).toAbsolutePath().normalize());
        home.prepare();
        return home;
    }

    /// Brought to this program's schema, where that is this process's to do, before anything else sees it.
    @Bean
    Database database(Home home, DatabaseProperties properties) {
        Database database = Database.open(home, properties.url(), properties.patience());
        try {
            PromotionOrder.carryOut(
                    home.folder(), new LiveDatabase(database.jdbcUrl(), database.username(), database.password()));
            if (properties.migrate()) {
                Schema.apply(database.patientOwner());
            }
            return database;
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
    }

    /// The workspace of the first start.
    @Bean
    StartWorkspace startWorkspace(Database database) {
        return new StartWorkspace(FirstStart.ensure(database.patientOwner()));
    }

    /// For the jobs on the whole installation.
    @Bean
    Premises premises(Home home, Database database, StartWorkspace workspace, Node node) {
        return new Premises(
                new LiveDatabase(database.jdbcUrl(), database.username(), database.password(), node.connectionMark()),
                database.isPrivate() ? home.postgres() : null,
                workspace.id());
    }

    /// Unpooled, as the owner: what no exhausted pool can withhold, and what may end connections of dead processes.
    @Bean(defaultCandidate = false)
    @Qualifier(RunConfiguration.HEARTBEAT)
    DataSource heartbeatDataSource(Database database) {
        return database.owner();
    }

    /// As the owner of the sets' tables, outside of any pool and transaction.
    @Bean
    TableStatistics tableStatistics(Database database) {
        return new TableStatistics(database.owner());
    }

    @Bean
    IndexBuilder indexBuilder(Database database) {
        return new IndexBuilder(database.owner());
    }

    @Bean(defaultCandidate = false)
    HikariDataSource batchPool(
            Database database, DatabaseProperties properties, RunProperties runs, Node node, MeterRegistry meters) {
        HikariDataSource pool =
                pool(database, "batch", "tidemill_batch", node, properties, properties.batchSocketTimeout(), meters);
        pool.setMaximumPoolSize(
                properties.batchPool() == 0 ? PoolSizes.batch(runs.concurrency(), CORES) : properties.batchPool());
        pool.setConnectionTimeout(properties.batchConnectionTimeout().toMillis());
        return pool;
    }

    /// A transaction that turns out to need no SQL takes no connection.
    @Bean
    @Primary
    DataSource batchDataSource(@Qualifier("batchPool") HikariDataSource pool) {
        return new LazyConnectionDataSourceProxy(pool);
    }

    @Bean
    @Primary
    JdbcTemplate jdbcTemplate(DataSource dataSource) {
        return new JdbcTemplate(dataSource);
    }

    @Bean
    @Primary
    JdbcClient jdbcClient(JdbcTemplate template) {
        return JdbcClient.create(template);
    }

    @Bean
    @Primary
    Workspaces workspaces(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
        return new Workspaces(transactionManager, jdbc);
    }

    @Bean
    @Primary
    Projects projects(Workspaces workspaces, JdbcClient jdbc) {
        return new Projects(workspaces, jdbc);
    }

    @Bean(defaultCandidate = false)
    @Qualifier(APP)
    HikariDataSource appPool(Database database, DatabaseProperties properties, Node node, MeterRegistry meters) {
        HikariDataSource pool =
                pool(database, "app", "tidemill_app", node, properties, properties.appSocketTimeout(), meters);
        pool.setMaximumPoolSize(properties.appPool() == 0 ? PoolSizes.app(CORES) : properties.appPool());
        pool.setConnectionTimeout(properties.appConnectionTimeout().toMillis());
        // Not for jobs: their chunks may take as long as they take.
        pool.setLeakDetectionThreshold(properties.leak().toMillis());
        return pool;
    }

    /// On connections of its own: an exhausted pool cannot be told of through itself.
    @Bean
    PoolWatch poolWatch(
            @Qualifier("batchPool") HikariDataSource batch,
            @Qualifier(APP) HikariDataSource app,
            Database database,
            DatabaseProperties properties) {
        DataSource own = database.owner();
        return new PoolWatch(
                List.of(batch, app),
                new Control(new JdbcTransactionManager(own), JdbcClient.create(own)),
                properties.exhaustedAfter());
    }

    @Bean
    Repetition poolWatching(PoolWatch watch) {
        return new Repetition("pool-watch", Duration.ofSeconds(1), () -> watch.look(System.nanoTime()));
    }

    @Bean(defaultCandidate = false)
    @Qualifier(APP)
    JdbcTemplate appTemplate(@Qualifier(APP) HikariDataSource pool) {
        return new JdbcTemplate(pool);
    }

    @Bean(defaultCandidate = false)
    @Qualifier(APP)
    JdbcClient appJdbc(@Qualifier(APP) JdbcTemplate template) {
        return JdbcClient.create(template);
    }

    @Bean(defaultCandidate = false)
    @Qualifier(APP)
    Workspaces appWorkspaces(@Qualifier(APP) HikariDataSource pool, @Qualifier(APP) JdbcClient jdbc) {
        return new Workspaces(new JdbcTransactionManager(pool), jdbc);
    }

    /// For the clock of the schedules: connects when it is first asked.
    @Bean(defaultCandidate = false)
    @Qualifier(SCHEDULES)
    HikariDataSource schedulesPool(Database database, DatabaseProperties properties, Node node, MeterRegistry meters) {
        HikariDataSource pool =
                pool(database, SCHEDULES, "tidemill_meta", node, properties, properties.appSocketTimeout(), meters);
        pool.setMaximumPoolSize(PoolSizes.SCHEDULES);
        pool.setMinimumIdle(0);
        return pool;
    }

    private static HikariDataSource pool(
            Database database,
            String name,
            String role,
            Node node,
            DatabaseProperties properties,
            Duration socketTimeout,
            MeterRegistry meters) {
        HikariDataSource pool = new HikariDataSource();
        pool.setInitializationFailTimeout(Math.max(1, properties.patience().toMillis()));
        pool.setPoolName(name);
        pool.setJdbcUrl(database.jdbcUrl());
        pool.setUsername(database.username());
        pool.setPassword(database.password());
        pool.setConnectionInitSql("SET ROLE " + role + "; " + SERVER_SIDE);
        pool.setMinimumIdle(1);
        pool.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(meters));
        pool.addDataSourceProperty("ApplicationName", "tidemill " + name + " " + node.connectionMark());
        pool.addDataSourceProperty("tcpKeepAlive", "true");
        pool.addDataSourceProperty("connectTimeout", "5");
        pool.addDataSourceProperty("cancelSignalTimeout", "5");
        pool.addDataSourceProperty("socketTimeout", Long.toString(socketTimeout.toSeconds()));
        return pool;
    }
}
