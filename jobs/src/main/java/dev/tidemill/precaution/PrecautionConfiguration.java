package dev.tidemill.precaution;

import dev.tidemill.run.ChildRuns;
import dev.tidemill.run.Control;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// For the jobs that destroy something.
@Configuration(proxyBeanMethods = false)
public class PrecautionConfiguration {

    @Bean
    Precautions precautions(Control control, ChildRuns children) {
        return new Precautions(control, children);
    }
}
