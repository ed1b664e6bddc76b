package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.MDC;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// With the product's own logback.xml, in a context of its own.
class LogFormatTest {

    @TempDir
    private Path folder;

    private List<String> logged(String format) throws Exception {
        Path file = folder.resolve("a.log");
        Properties properties = new Properties();
        LogFormat.choose(Map.of("TIDEMILL_LOG_FORMAT", format), properties);
        LoggerContext context = new LoggerContext();
        context.setMDCAdapter(MDC.getMDCAdapter());
        context.putProperty("tidemill.log.file", file.toString());
        properties.forEach((name, value) -> context.putProperty(name.toString(), value.toString()));
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        URL configuration = Objects.requireNonNull(Server.class.getResource("/logback.xml"));
        configurator.doConfigure(configuration);
        Logger log = context.getLogger("dev.tidemill.test");
        MDC.put("run", "7");
        MDC.put("job", "ingest");
        log.warn("a \"quoted\" line\nand another");
        MDC.clear();
        log.info("outside of a run");
        context.stop();
        return Files.readAllLines(file);
    }

    @Test
    void everyLineOfJsonIsAnObjectThatNamesItsRun() throws Exception {
        List<String> lines = logged("json");

        assertThat(lines).hasSize(2);
        JsonNode first = JsonMapper.shared().readTree(lines.getFirst());
        assertThat(first.path("message").asString()).isEqualTo("a \"quoted\" line\nand another");
        assertThat(first.path("level").asString()).isEqualTo("WARN");
        assertThat(first.path("mdc").path("run").asString()).isEqualTo("7");
        assertThat(first.path("mdc").path("job").asString()).isEqualTo("ingest");
        assertThat(JsonMapper.shared().readTree(lines.getLast()).path("mdc").has("run"))
                .isFalse();
    }

    @Test
    void textNamesTheRunWhereThereIsOne() throws Exception {
        List<String> lines = logged("text");

        assertThat(lines.getFirst()).contains("dev.tidemill.test run=7 - a \"quoted\"");
        assertThat(lines.getLast()).contains("dev.tidemill.test - outside");
    }

    @Test
    void anotherFormatIsRefused() {
        assertThatThrownBy(() -> LogFormat.choose(Map.of("TIDEMILL_LOG_FORMAT", "xml"), new Properties()))
                .hasMessageContaining("use text or json");
    }
}
