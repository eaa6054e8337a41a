#!/usr/bin/perl
# -q over a night in which all is well: run, refresh, links and documents print nothing at all, on neither stream, with
# each of the sample jobs, on the first night and on one on which nothing has changed.
use strict;
use warnings;
use Cwd ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox;

# NAME => value of each credential that the sandbox printed for the job's provider, by the job's names.
sub set_credentials
{
    my ($job) = @_;
    my ($provider) = $job =~ /^provider:.*?name: ([\w-]+)/ms;
    my ($line) = grep { /: \Q$provider\E: / } split /\n/, $sandbox->{out};
    my %value = $line =~ /(\w+) ([^\s,]+)(?:,|$)/g;
    while ($job =~ /(\w+): *env:(\w+)/g) { $ENV{$2} = $value{$1} if defined $value{$1} }
    return $provider;
}

# The export without the rows that payso would refuse: they have no state.
sub export_with_states
{
    my ($folder) = @_;
    my ($header, @rows) = split /\n/, `gzip -dc samples/customers.csv.gz`;
    my ($state) = grep { (split /,/, $header)[$_] eq 'state' } 0 .. 99;
    write_file("$folder/export.csv", join '', map { "$_\n" } $header, grep { !/"/ && (split /,/)[$state] =~ /\w/ } @rows);
}

my $documents = "  documents: [{type: {value: passport}, number: {column: customer_id, match: '(.*)', replace: 'N\$1'}, country: {value: US}, files: {front: {value: 'https://files.example.com/front.png'}}}]\n";
my @jobs = ((map { "jobs/$_.yaml" } qw(payward kraken-embed kira payso)), (map { "samples/$_.yaml" } qw(customers-ndjson bank saas)));
for my $path (@jobs) {
    subtest $path => sub {
        $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--link-life', '9h');
        my $folder = scratch_folder();
        my $job = read_file($path);
        my $provider = set_credentials($job);
        my ($folder_of_job) = $path =~ m{^(.*)/};
        $job =~ s{^(\s+path: )\.\./}{$1@{[Cwd::getcwd()]}/}m or $job =~ s{^(\s+path: )([\w.-]+)}{$1@{[Cwd::getcwd()]}/$folder_of_job/$2}m;
        export_with_states($folder) if $provider eq 'payso';
        $job =~ s/^(\s+path: )\S+/$1export.csv/m if $provider eq 'payso';
        write_file("$folder/job.yaml", $job);
        my @set = map { ('--set', $_) } "provider.base_url=$sandbox->{url}/$provider", "ledger=sqlite:$folder/test.ledger", "report=$folder/reports",
            "metrics=$folder/metrics.prom", 'delivery.rate=2000/s', 'delivery.burst=50', ($provider =~ /^(?:payward|kraken-embed)$/ ? 'provider.nonce_window=10000000000' : ());
        my @more = $provider eq 'kira' ? 'links' : ();
        if ($path eq 'jobs/payward.yaml') {
            @more = 'documents';
            push @set, '--set', 'provider.verifier=Example Checks';
            $job =~ s/^fields:.*\n\K/$documents/m;
            write_file("$folder/job.yaml", $job);
        }
        my @commands = ('check', 'run', 'refresh', @more, 'run', 'refresh', @more, 'status');
        for my $command (@commands) {
            my ($status, $out, $err) = run_program(program('kyc-import'), $command, "$folder/job.yaml", @set, '-q');
            is("$status|$out|$err", '0||', "$command -q is silent");
        }
        sandbox_stop($sandbox);
    };
}

subtest 'what a person should look at is printed' => sub {
    my $folder = scratch_folder();
    write_file("$folder/job.yaml", read_file('jobs/payward.yaml') =~ s{^(\s+path: )\.\./\S+}{$1@{[Cwd::getcwd()]}/samples/customers-dirty.csv.gz}mr);
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '-q', '--set', 'delivery.rate=2000/s');
    is("$status|$out", '1|', 'status 1, and no table');
    like($err, qr/^kyc-import: warning: \d+ rejected/m, 'a warning counts the rejected rows');
};
# A column may well be without a value in a night's few records; in a check, or in many, a person should know.
subtest 'a column without a value' => sub {
    my $server = sandbox_start('--nonce-window', 10_000_000_000);
    for (['run', 3, 0], ['check', 3, 1], ['run', 120, 1]) {
        my ($command, $rows, $warns) = @$_;
        my ($header, @lines) = split /\n/, csv_rows($rows, 0);
        my $case = case_new($server, csv => join '', map { "$_\n" } "$header,second", map { "$_," } @lines);
        write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "  middle_name: second\n");
        my (undef, $out, $err) = run_program(case_arguments($case, $command, '-q'));
        is($out, '', "$command -q prints no result");
        $warns ? like($err, qr/warning: .*has a value in the column "second"/, "a warning of $rows records") : is($err, '', "silent for $rows records");
    }
    sandbox_stop($server);
};
done_testing;
