import com.okta.idx.sdk.api.client.IDXAuthenticationWrapper;
import com.okta.idx.sdk.api.model.AuthenticationOptions;
import com.okta.idx.sdk.api.model.AuthenticationStatus;
import com.okta.idx.sdk.api.model.UserProfile;
import com.okta.idx.sdk.api.model.VerifyAuthenticatorOptions;
import com.okta.idx.sdk.api.response.AuthenticationResponse;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Okta's own Java SDK, unmodified, against the local server: sign up, sign in, get it wrong. Started by `.ci/java-sdk`, with the server's address.
 *
 * This SDK looks for a list of what can be set up, also where there is one thing, and cannot send a password with the sign-up form.
 */
public class Journeys {
    private static final String PASSWORD = "correct horse battery";
    private static String base;
    private static int passed;

    public static void main(String[] arguments) throws Exception {
        base = arguments[0];
        String email = "java" + System.nanoTime() + "@example.com";
        signsUp(email);
        signsIn(email);
        isTold(email);
        System.out.println("java sdk: " + passed + " passed, 0 failed");
    }

    /** Form, code, password, tokens. */
    private static void signsUp(String email) throws Exception {
        IDXAuthenticationWrapper sdk = sdk();
        AuthenticationResponse response = sdk.fetchSignUpFormValues(sdk.begin().getProceedContext());
        UserProfile profile = new UserProfile();
        profile.addAttribute("email", email);
        profile.addAttribute("firstName", "Ada");
        profile.addAttribute("lastName", "Lovelace");
        response = sdk.register(response.getProceedContext(), profile);

        String code = code(email);
        String wrong = code.equals("000000") ? "000001" : "000000";
        AuthenticationResponse refused = sdk.verifyAuthenticator(response.getProceedContext(), new VerifyAuthenticatorOptions(wrong));
        check("a wrong code is said to be wrong", refused.getErrors().toString().contains("Invalid code"), refused);
        response = sdk.verifyAuthenticator(response.getProceedContext(), new VerifyAuthenticatorOptions(code));

        check("is asked for a password", response.getAuthenticationStatus() == AuthenticationStatus.AWAITING_AUTHENTICATOR_ENROLLMENT, response);
        response = sdk.verifyAuthenticator(response.getProceedContext(), new VerifyAuthenticatorOptions(PASSWORD));
        check("signs up with code and password", hasTokens(response), response);
    }

    private static void signsIn(String email) {
        AuthenticationResponse response = authenticate(email, PASSWORD);
        check("signs in with the password", hasTokens(response), response);
    }

    private static void isTold(String email) {
        AuthenticationResponse response = authenticate(email, "not the password");
        check("a wrong password is said to be wrong", response.getErrors().toString().contains("Unable to sign in"), response);
        response = authenticate("nobody" + email, PASSWORD);
        check("an unknown name is said to be unknown", response.getErrors().toString().contains("There is no account"), response);
    }

    private static AuthenticationResponse authenticate(String email, String password) {
        IDXAuthenticationWrapper sdk = sdk();
        return sdk.authenticate(new AuthenticationOptions(email, password.toCharArray()), sdk.begin().getProceedContext());
    }

    private static IDXAuthenticationWrapper sdk() {
        // The file's own redirect URI, whatever the server's port: nobody is sent there.
        return new IDXAuthenticationWrapper(
            base + "/oauth2/default", "demo-spa", "", Set.of("openid", "profile", "email"), "http://localhost:8787/demo/callback");
    }

    private static boolean hasTokens(AuthenticationResponse response) {
        return response.getAuthenticationStatus() == AuthenticationStatus.SUCCESS && response.getTokenResponse().getIdToken() != null;
    }

    /** The code of the newest mail. */
    private static String code(String email) throws Exception {
        URI mails = URI.create(base + "/mailbox/messages?to=" + URLEncoder.encode(email, StandardCharsets.UTF_8));
        String text = HttpClient.newHttpClient().send(HttpRequest.newBuilder(mails).build(), BodyHandlers.ofString()).body();
        Matcher code = Pattern.compile("\\b\\d{6}\\b").matcher(text.substring(text.lastIndexOf("\"text\"")));
        check("a code was mailed", code.find(), null);
        return code.group();
    }

    private static void check(String what, boolean holds, AuthenticationResponse response) {
        if (!holds) {
            System.err.println("FAILED: " + what);
            if (response != null) System.err.println(response.getAuthenticationStatus() + " " + response.getErrors() + " " + response.getAuthenticators());
            System.exit(1);
        }
        passed++;
        System.out.println("ok: " + what);
    }
}
