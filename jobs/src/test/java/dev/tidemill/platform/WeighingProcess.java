package dev.tidemill.platform;

import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Runs;
import java.util.Map;
import java.util.UUID;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/// The application in a process of its own, to be killed or told to end.
final class WeighingProcess {

    private WeighingProcess() {}

    public static void main(String[] arguments) throws Exception {
        ConfigurableApplicationContext context = start(arguments[0], arguments[1], System.getenv("TEST_PASSWORD"));
        Runs runs = context.getBean(Runs.class);
        long run = runs.launch(LaunchRequest.of(new UUID(3, 4), "weigh", Map.of(), "test"))
                .runId();
        System.out.println("launched " + run);
        // Ends when it is killed or told to.
        Thread.currentThread().join();
    }

    static ConfigurableApplicationContext start(String url, String username, String password) {
        return new SpringApplicationBuilder(WeighingApplication.class)
                .web(WebApplicationType.NONE)
                .properties(
                        "spring.datasource.url=" + url,
                        "spring.datasource.username=" + username,
                        "spring.datasource.password=" + password,
                        "spring.datasource.hikari.connection-init-sql=SET ROLE tidemill_batch",
                        "spring.batch.job.enabled=false",
                        "spring.batch.jdbc.initialize-schema=never",
                        "spring.batch.jdbc.isolation-level-for-create=read-committed",
                        "spring.batch.jdbc.validate-transaction-state=false",
                        "spring.liquibase.enabled=false",
                        "spring.main.banner-mode=off",
                        "tidemill.runs.adopt=true",
                        "logging.level.root=WARN")
                .run();
    }
}
