package dev.tidemill.admin.security;

import dev.tidemill.admin.Database;
import dev.tidemill.admin.Home;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.admin.web.ProblemWriter;
import jakarta.servlet.DispatcherType;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.UsernamePasswordAuthenticationFilter;

/// Everything but the health answer needs a key.
@Configuration(proxyBeanMethods = false)
@EnableWebSecurity
public class SecurityConfiguration {

    @Bean
    ApiKeys apiKeys(@Qualifier("app") JdbcClient jdbc) {
        return new ApiKeys(jdbc);
    }

    @Bean
    ApiKey firstApiKey(Home home, Database database, StartWorkspace workspace) {
        return ApiKeys.ensureFirst(home.apiKey(), database.owner(), workspace.id());
    }

    /// There are no users with passwords; without this bean the framework would invent one.
    @Bean
    UserDetailsService noUsers() {
        return name -> {
            throw new UsernameNotFoundException("there are no users with passwords");
        };
    }

    @Bean
    SecurityFilterChain keys(HttpSecurity http, ApiKeys keys, ProblemWriter problems) throws Exception {
        String read = Scopes.authority(Scopes.READ);
        String write = Scopes.authority(Scopes.WRITE);
        String admin = Scopes.authority(Scopes.ADMIN);
        return http.csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .httpBasic(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .requestCache(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .headers(headers -> headers.contentSecurityPolicy(
                        policy -> policy.policyDirectives("default-src 'none'; frame-ancestors 'none'")))
                .addFilterBefore(new ApiKeyFilter(keys), UsernamePasswordAuthenticationFilter.class)
                .exceptionHandling(handling -> handling.authenticationEntryPoint(
                                (request, response, cause) -> problems.write(
                                        request,
                                        response,
                                        HttpStatus.UNAUTHORIZED,
                                        "send a valid API key as X-API-Key or as Authorization: Bearer"))
                        .accessDeniedHandler((request, response, cause) -> problems.write(
                                request, response, HttpStatus.FORBIDDEN, "the API key lacks the scope for this")))
                .authorizeHttpRequests(requests -> requests
                        // The filter does not run again on these; the first dispatch was authorized.
                        .dispatcherTypeMatchers(DispatcherType.ASYNC, DispatcherType.ERROR)
                        .permitAll()
                        .requestMatchers("/actuator/health", "/actuator/health/**")
                        .permitAll()
                        .requestMatchers("/actuator/**")
                        .hasAuthority(admin)
                        .requestMatchers(HttpMethod.POST, "/api/v1/projects/*/documents")
                        .hasAuthority(write)
                        .requestMatchers(HttpMethod.POST, "/api/v1/projects/*/golden-sets/**")
                        .hasAuthority(write)
                        .requestMatchers(HttpMethod.DELETE, "/api/v1/projects/*/golden-sets/**")
                        .hasAuthority(write)
                        .requestMatchers("/api/**")
                        .hasAuthority(read)
                        .anyRequest()
                        .authenticated())
                .build();
    }
}
