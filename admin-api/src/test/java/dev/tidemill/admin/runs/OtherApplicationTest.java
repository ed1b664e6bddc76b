package dev.tidemill.admin.runs;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.WebConfiguration;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.DeadLetters;
import dev.tidemill.run.ErrorClass;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.Runs;
import dev.tidemill.run.Steps;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The endpoints of runs serve an application that has a job of its own, its own way to know its callers, and no
/// table of documents.
class OtherApplicationTest {

    private static final UUID MILL = new UUID(3, 4);
    private static final UUID OTHER_MILL = new UUID(5, 6);

    private final HttpClient http = HttpClient.newHttpClient();
    private TestDatabase database;
    private ConfigurableApplicationContext application;

    @BeforeEach
    void start() {
        database = TestDatabase.createPlatform();
        application = new SpringApplicationBuilder(Mills.class)
                .web(WebApplicationType.SERVLET)
                .properties(
                        "spring.config.name=none",
                        "server.port=0",
                        "server.address=127.0.0.1",
                        "test.url=" + database.jdbcUrl(),
                        "test.user=" + database.username(),
                        "test.password=" + database.password(),
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

    @AfterEach
    void stop() {
        application.close();
        database.close();
        http.close();
    }

    @Test
    void itsJobIsLaunchedWatchedAndItsDeadLettersReadOverHttpEachMillSeeingItsOwn() throws Exception {
        assertThat(send("GET", "/actuator/jobs", "", MILL).body()).contains("weighs what has not been weighed");
        HttpResponse<String> launched = send("POST", "/actuator/jobs/weigh", "{\"mill\":\"north\"}", MILL);
        assertThat(launched.statusCode()).as(launched.body()).isEqualTo(202);
        long run = json(launched).path("runId").asLong();
        application.getBean(Runs.class).finished(run).get(60, TimeUnit.SECONDS);

        JsonNode detail = json(send("GET", "/actuator/runs/" + run, "", MILL));
        assertThat(detail.path("state").asString()).as(detail.toString()).isEqualTo("COMPLETED");
        assertThat(detail.path("parameters").path("mill").asString()).isEqualTo("north");
        assertThat(send("GET", "/actuator/deadletters", "", MILL).body()).contains("the sack weighs nothing");
        assertThat(send("GET", "/actuator/runs/" + run, "", OTHER_MILL).statusCode())
                .isEqualTo(404);
        assertThat(send("GET", "/actuator/deadletters", "", OTHER_MILL).body())
                .doesNotContain("the sack weighs nothing");
        assertThat(send("POST", "/actuator/jobs/grind", "{}", MILL).statusCode())
                .isEqualTo(404);
        assertThat(send("GET", "/actuator/runs", "", null).statusCode()).isEqualTo(403);
    }

    private HttpResponse<String> send(String method, String path, String body, @Nullable UUID mill) throws Exception {
        String port = application.getEnvironment().getRequiredProperty("local.server.port");
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (mill != null) {
            request.header("X-Mill", mill.toString());
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body());
    }

    /// The whole application.
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({RunConfiguration.class, RunsConfiguration.class, WebConfiguration.class})
    static class Mills {

        @Bean
        Job weighJob(Steps steps, JdbcClient jdbc, DeadLetters letters) {
            return steps.job("weigh")
                    .start(steps.tasklet("weigh", (contribution, context) -> {
                                JobExecution run =
                                        contribution.getStepExecution().getJobExecution();
                                String mill =
                                        String.valueOf(run.getJobParameters().getString("workspace"));
                                jdbc.sql("SELECT set_config('tidemill.workspace_id', :mill, true)")
                                        .param("mill", mill)
                                        .query(String.class)
                                        .single();
                                letters.record(new DeadLetters.Entry(
                                        UUID.fromString(mill),
                                        "weigh",
                                        "weigh",
                                        "sack 2",
                                        null,
                                        run.getId(),
                                        ErrorClass.DATA,
                                        "EMPTY",
                                        "the sack weighs nothing",
                                        null,
                                        null));
                                return RepeatStatus.FINISHED;
                            })
                            .build())
                    .build();
        }

        @Bean
        JobDefinition weighing(Job weighJob) {
            return JobDefinition.of(weighJob, "weighs what has not been weighed")
                    .parameter(JobParameter.text("mill", "which mill").orElse("all"))
                    .build();
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
        @Qualifier("app")
        DataSource app(
                @Value("${test.url}") String url,
                @Value("${test.user}") String user,
                @Value("${test.password}") String password) {
            return pool(url, user, password, "tidemill_app");
        }

        private static HikariDataSource pool(String url, String user, String password, String role) {
            HikariDataSource pool = new HikariDataSource();
            pool.setJdbcUrl(url);
            pool.setUsername(user);
            pool.setPassword(password);
            pool.setConnectionInitSql("SET ROLE " + role);
            return pool;
        }

        /// Takes a header's word for who calls, as no application outside of a test should.
        @Bean
        SecurityFilterChain mills(HttpSecurity security) throws Exception {
            return security.csrf(AbstractHttpConfigurer::disable)
                    .addFilterBefore(new MillFilter(), AnonymousAuthenticationFilter.class)
                    .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .build();
        }
    }

    private static final class MillFilter extends OncePerRequestFilter {

        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            String mill = request.getHeader("X-Mill");
            if (mill != null) {
                Caller caller = new Caller("miller", UUID.fromString(mill), List.of());
                SecurityContextHolder.getContext()
                        .setAuthentication(UsernamePasswordAuthenticationToken.authenticated(caller, "", List.of()));
            }
            chain.doFilter(request, response);
        }
    }
}
