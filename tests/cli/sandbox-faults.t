#!/usr/bin/perl
# kyc-sandbox: faults of one operation alone, API keys that are revoked and restored, and HTTPS beside HTTP.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;

# One request of each operation that a provider has, as {operation => sub {...}}; each returns its answer.
sub requests
{
    my ($sb) = @_;
    my $number = 0;
    my $key = sub { 'user-' . ++$number };
    my $payward = signed_request($sb, 'POST', '/payward/v1/users', payward_body('first'))->{json}{data}{id};
    my $kraken = signed_request($sb, 'POST', '/kraken-embed/b2b/users', kraken_body('first'))->{json}{result}{user} =~ s/ /%20/gr;
    my $kira = kira_request($sb, 'POST', '/v1/users', kira_body('first'))->{json}{id};
    my $payso = payso_request($sb, 'POST', '/users', payso_body('first'))->{json}{user}{id};
    my $login = sandbox_login($sb, 'kira');
    return (
        payward => {
            create => sub { signed_request($sb, 'POST', '/payward/v1/users', payward_body($key->())) },
            update => sub { signed_request($sb, 'PATCH', "/payward/v1/users/$payward", {occupation => 'media'}) },
            fetch => sub { signed_request($sb, 'GET', "/payward/v1/users/$payward") },
        },
        'kraken-embed' => {
            create => sub { signed_request($sb, 'POST', '/kraken-embed/b2b/users', kraken_body($key->())) },
            update => sub { signed_request($sb, 'PATCH', "/kraken-embed/b2b/users/$kraken", {occupation => 'media'}) },
            fetch => sub { signed_request($sb, 'GET', "/kraken-embed/b2b/users/$kraken") },
        },
        kira => {
            create => sub { kira_request($sb, 'POST', '/v1/users', kira_body($key->())) },
            update => sub { kira_request($sb, 'PUT', "/v1/users/$kira", {first_name => 'Ana'}) },
            look_up => sub { kira_request($sb, 'GET', '/v1/users?email=a@example.com&limit=10') },
            fetch => sub { kira_request($sb, 'GET', "/v1/users/$kira") },
            login => sub {
                plain_request($sb, 'POST', '/kira/auth', {client_id => $login->{client_id}, password => $login->{password}},
                    headers => {'x-api-key' => $login->{api_key}});
            },
        },
        payso => {
            create => sub { payso_request($sb, 'POST', '/users', payso_body($key->())) },
            list => sub { payso_request($sb, 'GET', '/users') },
            fetch => sub { payso_request($sb, 'GET', "/users/$payso") },
        },
    );
}

subtest 'faults of one operation' => sub {
    my $sb = sandbox_start;
    my %requests = requests($sb);
    for my $provider (sort keys %requests) {
        my $of = $requests{$provider};
        for my $operation (qw(create update look_up fetch list login)) {
            sandbox_faults($sb, "status-503:100%\@$operation");
            sandbox_reset($sb);
            my @struck = grep { $of->{$_}->()->{status} == 503 } sort keys %$of;
            my $counts = sandbox_counts($sb)->{$provider};
            is "@struck", $of->{$operation} ? $operation : '', "$provider: a fault of $operation strikes that alone";
            is_deeply $counts->{by_operation}, {map { $_ => 1 } keys %$of}, "$provider: the requests are counted by operation";
            is $counts->{faults}{'status-503'} || 0, scalar @struck, "$provider: and the faults";
        }
        sandbox_faults($sb, 'status-500:x1@create', 'status-503:x1');
        is $of->{fetch}->()->{status}, 503, "$provider: the next of all may be any";
        sandbox_faults($sb, 'status-500:x1@create', 'status-503:x1');
        is $of->{create}->()->{status}, 500, "$provider: the next of an operation comes first";
        is $of->{create}->()->{status}, 503, "$provider: then the next of all";
        like $of->{create}->()->{status}, qr/^20[01]$/, "$provider: and then none";
    }
    for my $wrong ('drop:5%@', 'drop:5%@delete', 'drop@create:5%', 'drop:x@create', 'drop:x3y', 'drop:-1@create', 'drop:x-1') {
        is eval { sandbox_faults($sb, $wrong); 1 }, undef, "$wrong is refused";
    }
    is eval { sandbox_faults($sb, 'drop:60%@create', 'slow:60%'); 1 }, undef, 'shares above all together are refused';
    is eval { sandbox_faults($sb, 'slow:60%', 'drop:60%@create'); 1 }, undef, 'whichever comes first';
    is eval { sandbox_faults($sb, 'drop:60%@update', 'slow:60%@create'); 1 }, 1, 'but of two operations they are not together';
    sandbox_stop($sb);
};

subtest 'users that are shown unclearly' => sub {
    my $sb = sandbox_start('--emails', 'lower-case', '--kira-unique', 'external_id', '--conflicts', 'name-user');
    my $kira = kira_request($sb, 'POST', '/v1/users', {%{kira_body('first')}, email => 'First.User@example.com', birth_date => '1990-02-03'})->{json};
    is $kira->{email}, 'first.user@example.com', 'kira stores an e-mail in lower case';
    my $look_up = sub { kira_request($sb, 'GET', "/v1/users?email=$_[0]&limit=10")->{json}{total} };
    is $look_up->('first.user%40example.com'), 1, 'and finds it so';
    is $look_up->('First.User%40example.com'), 0, 'and so alone';
    my $again = kira_request($sb, 'POST', '/v1/users', {%{kira_body('first')}, email => 'other@example.com'});
    is "$again->{status} $again->{json}{user_id}", "409 $kira->{id}", 'a conflict names the user';
    sandbox_faults($sb, 'left-out:x1@fetch');
    is kira_request($sb, 'GET', "/v1/users/$kira->{id}")->{json}{birth_date}, undef, 'left-out: without the birth date';
    is kira_request($sb, 'GET', "/v1/users/$kira->{id}")->{json}{birth_date}, '1990-02-03', 'which is there without the fault';
    sandbox_faults($sb, 'not-found:x1@fetch');
    my $answer = kira_request($sb, 'GET', "/v1/users/$kira->{id}");
    is $answer->{status}, 404, 'not-found: 404';
    like $answer->{content}, qr/<html>/, 'in HTML';
    payso_request($sb, 'POST', '/users', {user => {%{payso_body('first')->{user}}, email => 'First.User@example.com'}});
    sandbox_faults($sb, 'left-out:x1@list');
    my ($user) = @{payso_request($sb, 'GET', '/users')->{json}{users}};
    is "$user->{email} " . ($user->{date_of_birth} // 'none'), 'first.user@example.com none', 'payso: both in its list';
    sandbox_stop($sb);
};

subtest 'revoked keys' => sub {
    my $sb = sandbox_start;
    my %requests = requests($sb);
    sandbox_reset($sb);
    sandbox_control($sb, 'POST', '/_sandbox/revoke-keys', '');
    my %status = (payward => 401, 'kraken-embed' => 401, kira => 403, payso => 401);
    for my $provider (sort keys %requests) {
        for my $operation (sort keys %{$requests{$provider}}) {
            is $requests{$provider}{$operation}->()->{status}, $status{$provider}, "$provider, $operation: no key is good";
        }
        is sandbox_counts($sb)->{$provider}{complaints}, 0, "$provider: which is not the client's mistake";
    }
    sandbox_control($sb, 'POST', '/_sandbox/restore-keys', '');
    for my $provider (sort keys %requests) {
        for my $operation (sort keys %{$requests{$provider}}) {
            like $requests{$provider}{$operation}->()->{status}, qr/^20[01]$/, "$provider, $operation: the key is good again";
        }
    }
    sandbox_stop($sb);
};

subtest 'HTTPS' => sub {
    my $folder = scratch_folder();
    tls_certificate("$folder/tls", 'localhost');
    my $sb = sandbox_start('--tls-pem', "$folder/tls.pem");
    my ($status, $out, $err) = run_program(qw(openssl s_client -connect), "127.0.0.1:$sb->{tls_port}", '-servername', 'localhost',
        '-verify_return_error', '-CAfile', "$folder/tls.crt");
    like $out, qr/Verify return code: 0 \(ok\)/, 'it shows the certificate that it was given' or diag $err;
    isnt $sb->{tls_port}, $sb->{port}, 'on a port of its own';
    is sandbox_counts($sb)->{payward}{requests}, 0, 'HTTP is served beside it';
    sandbox_stop($sb);
    for my $case (['a file that is not there', "$folder/none.pem", qr/none\.pem/], ['no key', "$folder/tls.crt", qr/private key/]) {
        my ($sentence, $path, $message) = @$case;
        ($status, $out, $err) = run_program(program('kyc-sandbox'), '--listen', '127.0.0.1:0', '--tls-pem', $path);
        is $status, 2, "--tls-pem, $sentence: status 2";
        like $err, $message, "--tls-pem, $sentence: says so";
    }
};

done_testing;
