package dev.tidemill.admin;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.run.Node;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.schema.Schema;
import dev.tidemill.store.FirstStart;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
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

    @Bean
    Home home(@Value("${tidemill.home}") String folder) {
        Home home = new Home(java.nio.file.Path.of(folder).toAbsolutePath().normalize());
        home.prepare();
        return home;
    }

    /// Brought to this program's schema, where that is this process's to do, before anything else sees it.
    @Bean
    Database database(Home home, DatabaseProperties properties) {
        Database database = Database.open(home, properties.url());
        try {
            if (properties.migrate()) {
                Schema.apply(database.owner());
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
        return new StartWorkspace(FirstStart.ensure(database.owner()));
    }

    /// Unpooled, as the owner: what no exhausted pool can withhold, and what may end connections of dead processes.
    @Bean(defaultCandidate = false)
    @Qualifier(RunConfiguration.HEARTBEAT)
    DataSource heartbeatDataSource(Database database) {
        return database.owner();
    }

    @Bean(defaultCandidate = false)
    HikariDataSource batchPool(Database database, DatabaseProperties properties, Node node) {
        return pool(database, "batch", "tidemill_batch", properties.batchPool(), node);
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
    HikariDataSource appPool(Database database, DatabaseProperties properties, Node node) {
        return pool(database, "app", "tidemill_app", properties.appPool(), node);
    }

    @Bean(defaultCandidate = false)
    @Qualifier(APP)
    JdbcClient appJdbc(@Qualifier(APP) HikariDataSource pool) {
        return JdbcClient.create(pool);
    }

    @Bean(defaultCandidate = false)
    @Qualifier(APP)
    Workspaces appWorkspaces(@Qualifier(APP) HikariDataSource pool, @Qualifier(APP) JdbcClient jdbc) {
        return new Workspaces(new JdbcTransactionManager(pool), jdbc);
    }

    /// For the clock of the schedules: connects when it is first asked.
    @Bean(defaultCandidate = false)
    @Qualifier(SCHEDULES)
    HikariDataSource schedulesPool(Database database, Node node) {
        HikariDataSource pool = pool(database, SCHEDULES, "tidemill_meta", 6, node);
        pool.setMinimumIdle(0);
        return pool;
    }

    private static HikariDataSource pool(Database database, String name, String role, int size, Node node) {
        HikariDataSource pool = new HikariDataSource();
        pool.setPoolName(name);
        pool.setJdbcUrl(database.jdbcUrl());
        pool.setUsername(database.username());
        pool.setPassword(database.password());
        pool.setConnectionInitSql("SET ROLE " + role);
        pool.setMaximumPoolSize(size);
        pool.setMinimumIdle(1);
        pool.setConnectionTimeout(10_000);
        pool.addDataSourceProperty("ApplicationName", "tidemill " + name + " " + node.connectionMark());
        pool.addDataSourceProperty("tcpKeepAlive", "true");
        return pool;
    }
}
