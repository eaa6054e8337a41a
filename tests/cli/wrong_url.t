#!/usr/bin/perl
# A first run whose base URL is wrong creates nobody. Where it journalled no customer, its ledger serves the corrected job;
# else that ledger is kept for the base URL to which its customers were sent, and the hint leads on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start();
my $first = 1; # each case has customers of its own

sub customers { return (case_ledger($_[0], 'SELECT count(*) FROM customer'))[0]->[0]; }

sub wrong_run
{
    my ($name, $provider, $url) = @_;
    my $case = case_new($sandbox, provider => $provider, csv => csv_rows(5, 0, $first), rows => 5);
    $first += 100;
    $case->{looks} = 1;
    my ($status, undef, $err) = case_run($case, '-q', '--set', "provider.base_url=$url", '--set', 'delivery.retry_for=1s');
    isnt($status, 0, "$name: the run fails") or diag $err;
    like($err, qr{has no login at this address; check provider\.base_url \(HTTP 404\)}, "$name: and does not call it the credentials") if $provider eq 'kira' && $url !~ /:9$/;
    return $case;
}

# The job as it is written has the right one.
sub creates_all
{
    my ($name, $case, $provider, $options, @arguments) = @_;
    my $before = sandbox_counts($sandbox)->{$provider}{users};
    my ($status, undef, $err) = case_run($case, @arguments, @{$options || []});
    is($status, 0, "$name: the run works") or diag $err;
    is(sandbox_counts($sandbox)->{$provider}{users} - $before, 5, "$name: it creates every customer, once");
    ($status) = case_run($case, 'status', '--verify', @arguments);
    is($status, 0, "$name: the ledger is whole");
    return $err;
}

# The sandbox says where each provider is.
for my $provider (provider_names()) {
    my ($url) = $sandbox->{out} =~ m{^kyc-sandbox: base_url of \Q$provider\E: (\S+)$}m;
    is($url, "$sandbox->{url}/$provider", "the sandbox prints the base URL of $provider");
}

# Where the provider can list its users, that comes before the first create.
for my $part (map { my $provider = $_; map { [$provider, @$_] } ['a path that is not there', "$sandbox->{url}/no/such"], ['a port where nobody listens', 'http://127.0.0.1:9'] } qw(kira payso)) {
    my ($provider, $sentence, $url) = @$part;
    my $name = "$provider: $sentence";
    my $case = wrong_run($name, $provider, $url);
    is(customers($case), 0, "$name: nothing was journalled");
    for my $command ('check', 'probe', 'status', 'results') {
        my ($status, $out, $err) = case_run($case, $command);
        is($status, 0, "$name: $command works with the right one") or diag $out, $err;
    }
    my $err = creates_all($name, $case, $provider);
    like($err, qr/the ledger \S+test\.ledger was made for another job, provider or base URL, and has no customer: it is used as the ledger of this job/, "$name: the run says what it does");
    my ($status, undef, $err_back) = case_run($case, '-q', '--set', "provider.base_url=$url", '--set', 'delivery.retry_for=1s');
    is($status, 5, "$name: with its customers it is no other's any more");
    like($err_back, qr{belongs to the base URL `\Q$sandbox->{url}/$provider\E`, but the job says `\Q$url\E`}, "$name: in words");
}

{
    my $name = 'payward: customers were sent to the wrong place';
    my $case = wrong_run($name, 'payward', "$sandbox->{url}/no/such");
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 5, "$name: their ledger is kept for it");
    my ($ledger, $option) = $err =~ /hint: .*: set ledger: (sqlite:\S+) in the job, and run it once with (--\S+)$/m;
    ok($option, "$name: the hint has a setting and an option") or diag $err;
    creates_all("$name: as the hint says", $case, 'payward', [$option], '--set', "ledger=$ledger");
}

# The path of a ledger in the folder of the job, where the job is: no `./` twice.
{
    my $case = wrong_run('a path', 'payward', "$sandbox->{url}/no/such");
    my ($status, $out, $err) = run_program('sh', '-c', 'cd "$1" && "$2" status job.yaml', 'sh', $case->{folder}, abs_path(program('kyc-import')));
    like($err, qr{the ledger (?:\./)?test\.ledger belongs}, 'the ledger is named plainly');
}

sandbox_stop($sandbox);
done_testing();
