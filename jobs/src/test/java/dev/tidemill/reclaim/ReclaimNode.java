package dev.tidemill.reclaim;

import dev.tidemill.backup.BackupConfiguration;
import dev.tidemill.backup.LiveDatabase;
import dev.tidemill.backup.Premises;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.store.FirstStart;
import dev.tidemill.transfer.TransferConfiguration;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/// The jobs that a reclaim needs, without any model: whatever asked for a vector would fail.
@Configuration(proxyBeanMethods = false)
@Import({BackupConfiguration.class, TransferConfiguration.class, ReclaimConfiguration.class})
public class ReclaimNode {

    @Bean
    Premises premises(Environment environment) {
        String url = environment.getRequiredProperty("test.url");
        String username = environment.getRequiredProperty("test.username");
        String password = environment.getRequiredProperty("test.password");
        return new Premises(
                new LiveDatabase(url, username, password),
                null,
                FirstStart.ensure(new DriverManagerDataSource(url, username, password)));
    }

    @Bean
    Embedders embedders() {
        Embedder none = (Embedder) Proxy.newProxyInstance(
                ReclaimNode.class.getClassLoader(), new Class<?>[] {Embedder.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("id")) {
                        return "none";
                    }
                    if (method.getName().equals("close")) {
                        return null;
                    }
                    throw new AssertionError("nothing may be embedded: " + method);
                });
        return new Embedders(none, Map.of());
    }
}
