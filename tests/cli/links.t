#!/usr/bin/perl
# kyc-import links: for whom a link is made and for whom not, what becomes of it when answers are lost or refused, and where
# links are written: to a file of mode 0600, and nowhere else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;
use KycHostile;

my $json = JSON::PP->new->utf8->canonical;

# All that the ledger has.
sub ledger_text
{
    my ($case) = @_;
    return read_file("$case->{folder}/test.ledger") if !$case->{url};
    return join "\n", map { map { @$_ } case_ledger($case, "SELECT CAST(t AS text) FROM $_ AS t") } qw(customer event run task meta reading);
}

sub links_file { return case_report($_[0]) . '/links.csv'; }

# external_id => the links of the file, in its order.
sub links_of
{
    my ($path) = @_;
    my %links;
    for my $line (grep { !/^external_id,/ } split /\n/, -e $path ? read_file($path) : '') {
        my ($key, $user, $link, $made) = split /,/, $line;
        push @{$links{$key}}, $link;
        fail("a line of the file: $line") if $link !~ m{^https://verify\.example/} || $made !~ /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    }
    return \%links;
}

# The counts of `links --json`, and the exit status and standard error.
sub make_links
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'links', '--json', @more);
    my $counts = $out =~ /^\{/ ? $json->decode($out) : {};
    return ($counts, $status, $err);
}

sub set_state
{
    my ($case, $key, $state) = @_;
    my ($user) = map { $_->[0] } case_ledger($case, "SELECT user_id FROM customer WHERE external_id = '$key'");
    sandbox_control($case->{sandbox}, 'POST', "/_sandbox/verification?api=$case->{provider}&user=$user&state=$state", '');
}

# A case whose customers are created; only their states are still missing.
sub created
{
    my ($provider, $rows, $options, %more) = @_;
    my $sandbox = sandbox_start(@$options);
    my $case = case_new($sandbox, provider => $provider, rows => $rows, set => $more{set});
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . $more{fields}) if $more{fields};
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, $more{status} || 0, "$provider: the run") or diag $err;
    return ($sandbox, $case);
}

# Sets states at the provider, and reads them into the ledger.
sub moved
{
    my ($case, %states) = @_;
    set_state($case, $_, $states{$_}) for sort keys %states;
    my ($status, undef, $err) = case_run($case, 'refresh', '-q');
    ok($status == 0 || $status == 1, 'the states are read') or diag $err;
}

sub sandbox_links { return join ' ', @{sandbox_counts($_[0])->{$_[1]}}{qw(links duplicate_links)}; }

for my $provider (qw(payward kraken-embed)) {
    subtest "$provider has no links" => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, rows => 1);
        my ($status, $out, $err) = case_run($case, 'links');
        is("$status$out", 2, 'status 2');
        like($err, qr/error: $provider has no request that makes a verification link\n.*hint: providers with links are kira, payso; kyc-import documents JOB/s,
            'the message says where there are links');
        is(sandbox_counts($sandbox)->{$provider}{requests}, 0, 'nothing was sent');
        ok(!case_has_ledger($case), 'and no ledger was made');
        sandbox_stop($sandbox);
    };
}

for my $provider (qw(kira payso)) {
    subtest "$provider: who needs a link" => sub {
        my ($sandbox, $case) = created($provider, 5, []);
        my ($counts, $status, $err) = make_links($case);
        is("$status $counts->{made} $counts->{requests}", '0 0 0', 'nobody has to act: no link, and no request') or diag $err;
        ok(!-e links_file($case), 'and no file');

        moved($case, 'cust-000001' => $provider eq 'kira' ? 'needs_action' : 'rejected', 'cust-000002' => 'rejected', 'cust-000003' => 'verified');
        ($counts, $status, $err) = make_links($case);
        is("$status $counts->{made}", '0 2', 'who must act, and who was rejected') or diag $err;
        is_deeply([sort keys %{links_of(links_file($case))}], ['cust-000001', 'cust-000002'], 'these two are in the file');
        is((stat links_file($case))[2] & 07777, 0600, 'which only its owner can read');
        is_deeply([map { $_->[0] } case_ledger($case, 'SELECT count(*) FROM customer WHERE link_at > 0')], [2], 'the ledger has when');
        is(sandbox_links($sandbox, $provider), '2 0', 'and the provider made as many');
        ($counts) = make_links($case);
        is($counts->{made}, 0, 'a second run makes none');

        moved($case, 'cust-000001' => 'verified');
        moved($case, 'cust-000002' => 'in_review');
        moved($case, 'cust-000002' => 'rejected');
        ($counts) = make_links($case);
        is($counts->{made}, 1, 'rejected again since the last link: another one');
        is(scalar @{links_of(links_file($case))->{'cust-000002'}}, 2, 'is appended');
        is(sandbox_links($sandbox, $provider), '3 0', 'none of them was made twice');

        ($counts) = make_links($case, '--only', 'pending', '--limit', 1);
        is($counts->{made}, 1, '--only pending, --limit 1: one of those that never had a link');
        ($counts) = make_links($case, '--only', 'pending,action_needed');
        is($counts->{made}, 1, 'the rest of them');
        ($counts) = make_links($case, '--only', 'pending');
        is($counts->{made}, 0, 'once');
        ($status, undef, $err) = case_run($case, 'links', '--only', 'verified');
        is($status, 2, 'verified users never need one');
        like($err, qr/--only cannot be `verified`\n.*hint: .*unknown, pending, action_needed, rejected/s, 'which the message says');
        is_verified($case, 'the ledger is sound');
        sandbox_stop($sandbox);
    };

    subtest "$provider: a link that is older than link_valid" => sub {
        my ($sandbox, $case) = created($provider, 2, ['--link-life', '1s'], set => {'provider.link_valid' => '1s'});
        moved($case, map { $_ => 'rejected' } qw(cust-000001 cust-000002));
        is((make_links($case))[0]{made}, 2, 'both get a link');
        moved($case, 'cust-000001' => 'verified');
        sleep 1.2;
        is((make_links($case))[0]{made}, 1, 'after its end the one that is not verified gets another');
        is(sandbox_links($sandbox, $provider), '3 0', 'which is no duplicate');
        sandbox_stop($sandbox);
    };

    subtest "$provider: refused" => sub {
        my ($sandbox, $case) = created($provider, 1, []);
        moved($case, 'cust-000001' => 'rejected');
        sandbox_faults($sandbox, 'status-422:x1@link');
        my ($counts, $status) = make_links($case);
        is("$status $counts->{refused} $counts->{made}", '1 1 0', 'a 422 refuses it: status 1');
        is_deeply([map { "$_->{external_id} $_->{state} $_->{http_status}" } @{$counts->{open}}], ['cust-000001 refused 422'], 'and is listed');
        is_deeply([case_ledger($case, 'SELECT state, http_status FROM task')], [['refused', 422]], 'the ledger has why');
        ($counts, $status) = make_links($case);
        is("$status $counts->{refused_before} $counts->{requests}", '0 1 0', 'it is not asked again while nothing changes');
        is_deeply($counts->{open}, [], 'nor listed again');
        ($counts) = make_links($case, '--retry-refused');
        is($counts->{made}, 1, 'but with --retry-refused');
        sandbox_stop($sandbox);
    };
}

subtest 'kira: the create could not make the link' => sub {
    my ($sandbox, $case) = created('kira', 3, ['--fault', 'link-error:x2@create'], status => 1, fields => "  verification_mode: {value: verification_link}\n");
    sandbox_faults($sandbox, 'status-422:x2@link');
    my ($counts, $status, $err) = make_links($case);
    is("$status $counts->{refused} $counts->{made}", '1 2 0', 'both are refused') or diag $err;
    ($counts, $status) = make_links($case);
    is("$status $counts->{refused_before} $counts->{requests}", '0 2 0', 'and still needed');
    ($counts, $status, $err) = make_links($case, '--retry-refused');
    is("$status $counts->{made}", '0 2', 'both get one now') or diag $err;
    is(sandbox_links($sandbox, 'kira'), '3 0', 'the third has that of its create');
    is(scalar keys %{links_of(links_file($case))}, 3, 'and all three are in one file');
    sandbox_stop($sandbox);
};

subtest 'the page that a link leads back to' => sub {
    my ($sandbox, $case) = created('kira', 1, [], fields => "  redirect_uri: {value: https://app.example.com/done}\n");
    sandbox_faults($sandbox, 'status-422:x1@link');
    is((make_links($case, '--only', 'pending,unknown'))[0]{refused}, 1, 'a page that the provider refuses');
    my $job = read_file("$case->{folder}/job.yaml");
    write_file("$case->{folder}/job.yaml", $job =~ s{/done}{/verified}r);
    is((make_links($case, '--only', 'pending,unknown'))[0]{made}, 1, 'another constant of the job is tried, and accepted');
    sandbox_stop($sandbox);
    $sandbox = sandbox_start();
    $case = case_new($sandbox, provider => 'kira', rows => 1);
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "  redirect_uri: {value: 'javascript:alert(1)'}\n");
    my ($status, undef, $err) = case_run($case, 'links');
    is($status, 2, 'a script is not');
    like($err, qr/job\.yaml:\d+:\d+: fields\.redirect_uri /, 'and the message names the place');
    is(sandbox_counts($sandbox)->{kira}{requests}, 0, 'before anything is sent');
    sandbox_stop($sandbox);
};

for my $fault (qw(drop reset status-500 truncate garbage)) {
    for my $provider (qw(kira payso)) {
        subtest "$provider: answers that are lost ($fault)" => sub {
            my ($sandbox, $case) = created($provider, 4, [], set => {'delivery.attempts' => 4}); # of which three may meet one link
            moved($case, map { +"cust-00000$_" => 'rejected' } 1 .. 4);
            sandbox_faults($sandbox, "$fault:x3\@link");
            my ($counts, $status, $err) = make_links($case);
            is("$status $counts->{made}", '0 4', 'all are made in the end') or diag $err;
            is(scalar keys %{links_of(links_file($case))}, 4, 'and are in the file');
            my ($links, $duplicates) = split / /, sandbox_links($sandbox, $provider);
            my $max = $provider eq 'kira' ? 0 : 3;
            cmp_ok($duplicates, '<=', $max, "at most $max made twice");
            is_verified($case, 'the ledger is sound');
            sandbox_stop($sandbox);
        };
    }
}

for my $provider (qw(kira payso)) {
    subtest "$provider: a doubt is resolved by the next command" => sub {
        my ($sandbox, $case) = created($provider, 2, [], set => {'delivery.attempts' => 1});
        moved($case, map { $_ => 'rejected' } qw(cust-000001 cust-000002));
        sandbox_faults($sandbox, 'drop:x2@link');
        my ($counts, $status) = make_links($case);
        is("$status $counts->{in_doubt} $counts->{made}", '1 2 0', 'no answer: in doubt, status 1');
        is_deeply([map { "$_->{external_id} $_->{state}" } @{$counts->{open}}], ['cust-000001 in_doubt', 'cust-000002 in_doubt'], 'both are listed');
        is_deeply([case_ledger($case, 'SELECT state FROM task')], [['in_doubt'], ['in_doubt']], 'so it is in the ledger');
        ($counts, $status) = make_links($case);
        is("$status $counts->{made}", '0 2', 'the next command makes them');
        is(sandbox_links($sandbox, $provider), $provider eq 'kira' ? '2 0' : '4 2', 'at kira the same ones');
        is_verified($case, 'the ledger is sound');
        sandbox_stop($sandbox);
    };
}

subtest 'the file' => sub {
    my ($sandbox, $case) = created('kira', 3, []);
    moved($case, map { +"cust-00000$_" => 'rejected' } 1 .. 3);
    my $out = "$case->{folder}/links.ndjson";
    my ($status, undef, $err) = case_run($case, 'links', '--output', '-');
    is($status, 2, 'standard output is not possible');
    like($err, qr/--output - is not possible/, 'and the message says why');
    is((make_links($case, '--limit', 1, '--format', 'ndjson', '--output', $out))[0]{made}, 1, 'one as NDJSON');
    my $line = $json->decode(read_file($out));
    is_deeply([sort keys %$line], [qw(external_id link made_at user_id)], 'with the same members');
    is((stat $out)[2] & 07777, 0600, 'mode 0600');
    ok(!-e links_file($case), 'and in no other file');

    symlink '/dev/null', links_file($case) or die $!;
    my $before = sandbox_links($sandbox, 'kira');
    ($status, undef, $err) = case_run($case, 'links');
    is($status, 2, 'a symbolic link is not followed');
    like($err, qr/links\.csv: not a regular file of its own: verification links cannot be written\n/, 'and the message names it');
    is(sandbox_links($sandbox, 'kira'), $before, 'no link was made that could not be written');
    is_deeply([case_ledger($case, "SELECT state FROM task WHERE customer > 1")], [], 'nor asked for');
    unlink links_file($case);
    is((make_links($case))[0]{made}, 2, 'the next command writes them');
    is(sandbox_links($sandbox, 'kira'), '3 0', 'none was made twice');
    sandbox_stop($sandbox);
};

for my $provider (qw(kira payso)) {
    subtest "$provider: a link is in the file alone" => sub {
        my ($sandbox, $case) = created($provider, 3, []);
        moved($case, map { +"cust-00000$_" => 'rejected' } 1 .. 3);
        sandbox_faults($sandbox, 'garbage:x1@link');
        my ($status, $out, $err) = case_run($case, 'links', '-v');
        is($status, 0, 'links, with all details') or diag $err;
        my (undef, $shown) = case_run($case, 'status', '--verify');
        my (undef, $results) = case_run($case, 'results');
        case_run($case, '-q');
        my %text = (log => $err, output => $out, status => $shown, results => $results,
            map { $_ => read_file($_) } glob "$case->{folder}/test.ledger* " . case_report($case) . '/*');
        delete $text{links_file($case)};
        my @links = map { @$_ } values %{links_of(links_file($case))};
        is(scalar @links, 3, 'three links');
        for my $name (sort keys %text) {
            my @found = grep { index($text{$name}, $_) >= 0 } @links, 'verify.example';
            is("@found", '', "none of them in $name");
        }
        sandbox_stop($sandbox);
    };
}

# An answer that names somebody else, or that quotes the link where no link belongs.
my $link = 'https://verify.example/s/a1b2c3d4e5f6';
my %user = (ours => '11111111-2222-3333-4444-000000000001', other => '99999999-2222-3333-4444-000000000009');
for my $answer (
    ['its own user', 201, {verification_link => $link, user_id => $user{ours}, metadata => {external_id => 'cust-000001'}}, 'done'],
    ['a user_id of another', 201, {verification_link => $link, user_id => $user{other}}, 'in_doubt'],
    ['the user of another', 201, {data => {verification_link => $link, user => {id => $user{other}}}}, 'in_doubt'],
    ['an external_id of another', 201, {verification_link => $link, external_id => 'cust-000002'}, 'in_doubt'],
    ['metadata of another', 201, {data => {verification_link => $link, metadata => {external_id => 'cust-000002'}}}, 'in_doubt'],
    ['a link as the error of a 500', 500, {error => $link}, 'in_doubt'],
    ['a link as the code of a refusal', 422, {error => {code => $link, message => "see $link"}}, 'refused'],
) {
    my ($name, $status, $body, $state) = @$answer;
    subtest "kira answers with $name" => sub {
        my $server = hostile_start(sub {
            my ($socket, $head) = @_;
            print {$socket} hostile_answer($head =~ /auth/ ? (200, '{"data":{"access_token":"t","expires_in":3600}}')
                : $head =~ /verifications/ ? ($status, $json->encode($body))
                : (201, qq({"id":"$user{ours}","verification_status":"needs_action"})));
        });
        my $case = case_new($server, provider => 'kira', rows => 1);
        case_run($case, '-q');
        my ($counts, undef, $err) = make_links($case, '--only', 'action_needed', '--set', 'delivery.attempts=1');
        is_deeply([map { $_->[0] } case_ledger($case, 'SELECT state FROM task')], [$state], "it is $state") or diag $err;
        is(join(' ', map { @$_ } values %{links_of(links_file($case))}), $state eq 'done' ? $link : '', 'and in the file only if it is the customer\'s');
        unlike(join('', $err, $json->encode($counts), ledger_text($case)), qr/a1b2c3d4e5f6/, 'and nowhere else');
        hostile_end($server);
    };
}

subtest 'the rate of the job holds' => sub {
    my ($sandbox, $case) = created('payso', 12, []);
    moved($case, map { sprintf('cust-%06d', $_) => 'rejected' } 1 .. 12);
    sandbox_stop($sandbox);
    my ($limited, $other) = created('payso', 12, ['--rate', '8/s'], set => {'delivery.rate' => '8/s', 'delivery.burst' => 1});
    moved($other, map { sprintf('cust-%06d', $_) => 'rejected' } 1 .. 12);
    is((make_links($other))[0]{made}, 12, 'all are made');
    my $counts = sandbox_counts($limited)->{payso};
    is($counts->{over_limit}, 0, 'nothing over the rate');
    cmp_ok($counts->{max_per_second}, '<=', 8, 'nor in any second');
    sandbox_stop($limited);
};

subtest 'without a ledger, or while another process has it' => sub {
    my $sandbox = sandbox_start();
    my $case = case_new($sandbox, provider => 'kira', rows => 1);
    case_lose_ledger($case);
    my ($status, undef, $err) = case_run($case, 'links');
    is($status, 5, 'no ledger: status 5');
    like($err, qr/there is no ledger yet\n.*hint: .*kyc-import run\b/s, 'and what creates it');
    is(sandbox_counts($sandbox)->{kira}{requests}, 0, 'nothing was sent');
    sandbox_stop($sandbox);
};

done_testing;
