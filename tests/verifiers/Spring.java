import java.util.List;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoders;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** Spring Security as a resource server: the default decoder of an issuer, and what Spring Boot makes of `issuer-uri` and `audiences`. */
public class Spring {
  static final String AUDIENCE = "api://default";

  public static void main(String[] arguments) {
    String issuer = arguments[0], accessToken = arguments[1], idToken = arguments[2];
    NimbusJwtDecoder decoder = JwtDecoders.fromIssuerLocation(issuer);
    Jwt jwt = decoder.decode(accessToken);
    expect(jwt.getAudience().equals(List.of(AUDIENCE)), "the audience is " + jwt.getAudience());
    expect(jwt.getClaimAsStringList("scp").contains("openid"), "the scopes are " + jwt.getClaims().get("scp"));

    decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
        JwtValidators.createDefaultWithIssuer(issuer), new JwtClaimValidator<List<String>>("aud", audience -> audience.contains(AUDIENCE))));
    decoder.decode(accessToken);
    try {
      decoder.decode(idToken);
    } catch (JwtValidationException refused) {
      System.out.println("Spring Security takes the access token, and refuses the ID token: " + refused.getMessage());
      return;
    }
    throw new AssertionError("an ID token was taken for an access token");
  }

  static void expect(boolean right, String otherwise) {
    if (!right) {
      throw new AssertionError(otherwise);
    }
  }
}
