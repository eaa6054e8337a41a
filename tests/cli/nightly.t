#!/usr/bin/perl
# A full export every night: new customers are created, only changes are sent, unchanged rows cost nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $rows = 100;
my @columns = qw(customer_id given_name family_name email mobile dob birth_city birth_country street city zip country
    nats job_title employer);

sub row
{
    my ($i, %change) = @_;
    my %row = (
        customer_id => sprintf('cust-%04d', $i), given_name => 'Alex', family_name => "Morgan$i",
        email => "c$i\@example.com", mobile => sprintf('+1415555%04d', 100 + $i), dob => '1990-04-15',
        birth_city => 'San Francisco', birth_country => 'US', street => '1 Market St', city => 'San Francisco',
        zip => '94103', country => 'US', nats => 'US', job_title => 'computers_and_it', employer => 'Acme', %change,
    );
    return join ',', @row{@columns};
}

sub export
{
    my ($case, @rows) = @_;
    write_file("$case->{folder}/export.csv", join '', map { "$_\n" } join(',', @columns), @rows);
}

# The users of the sandbox, by external id (by e-mail at payso, which has no external id).
sub bodies
{
    my ($case) = @_;
    return {map { ($_->{external_id} || $_->{email}) => $_->{body} } sandbox_users($case->{sandbox}, $case->{provider})};
}

# A run with changes: plan and counts, requests, and the members that differ afterwards.
my %signed = (
    plan => [5, 9, 85, 1], counts => [5, 8, 85, 2], requests => 5 + 9, rule => 'email/immutable', nightly => 2,
    differ => {
        'cust-0002' => 'residence', 'cust-0003' => 'full_name', 'cust-0005' => 'phone', 'cust-0006' => 'employer_name',
        'cust-0007' => 'residence', 'cust-0008' => 'occupation', 'cust-0009' => 'nationalities',
        'cust-0010' => 'full_name phone'},
);
my %want = (
    payward => {%signed, differ => {%{$signed{differ}}, 'cust-0001' => 'birth'}},
    'kraken-embed' => {%signed, differ => {%{$signed{differ}}, 'cust-0001' => 'city_of_birth'}},
    kira => {
        plan => [5, 8, 87, 0], counts => [5, 8, 87, 0], requests => 5 + 8, nightly => 0,
        differ => {
            'cust-0002' => 'address_street', 'cust-0003' => 'last_name', 'cust-0004' => 'email',
            'cust-0005' => 'email phone', 'cust-0007' => 'address_city address_zip_code', 'cust-0008' => 'occupation',
            'cust-0009' => 'nationality', 'cust-0010' => 'first_name phone'},
    },
    payso => {
        plan => [5, 0, 88, 7], counts => [5, 0, 88, 7], requests => 5, rule => 'record/no_update', nightly => 7, differ => {},
    },
);

for my $provider (@ARGV ? @ARGV : provider_names()) {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, provider => $provider, rows => $rows);
    my $job = read_file("$case->{folder}/job.yaml");
    write_file("$case->{folder}/job.yaml", "${job}  employer_name: employer\n");
    my $want = $want{$provider};

    export($case, map { row($_) } 1 .. $rows);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$provider: all are created") or diag $err;
    is(case_summary($case)->{created}, $rows, "$provider: and counted");
    my $requests = sandbox_counts($sandbox)->{$provider}{requests};

    ($status) = case_run($case, '-q');
    is($status, 0, "$provider: the same export again");
    is(sandbox_counts($sandbox)->{$provider}{requests}, $requests, "$provider: sends nothing");
    is(case_summary($case)->{unchanged}, $rows, "$provider: all are unchanged");

    # 10 of 100 change, 5 are new, 5 are gone.
    my %changed = (
        1 => {birth_city => 'Oakland'}, 2 => {street => '2 Market St'}, 3 => {family_name => 'Miller'},
        4 => {email => 'other4@example.com'}, 5 => {email => 'other5@example.com', mobile => '+14155550199'},
        6 => {employer => ''}, 7 => {zip => '94104', city => 'Oakland'}, 8 => {job_title => 'finance'},
        9 => {nats => 'CA'}, 10 => {mobile => '+14155550198', given_name => 'Robin'},
    );
    export($case, map { row($_, %{$changed{$_} || {}}) } 1 .. $rows - 5, $rows + 1 .. $rows + 5);
    my ($plan) = case_run($case, 'check', '-q');
    my $checked = case_summary($case)->{plan};
    is_deeply([@$checked{qw(create update unchanged refused)}], $want->{plan}, "$provider: a dry run says what would happen");
    my $before = bodies($case);
    sandbox_reset($sandbox);
    ($status, undef, $err) = case_run($case, '-q');
    is($status, $want->{nightly} ? 1 : 0, "$provider: the run with changes") or diag $err;
    my $summary = case_summary($case);
    is_deeply([@$summary{qw(created updated unchanged refused absent in_doubt unsent)}], [@{$want->{counts}}, 5, 0, 0],
        "$provider: counted as what they are");
    adds_up($summary, $provider);
    is($summary->{rejects_by_rule}{$want->{rule}}, $want->{nightly}, "$provider: what cannot be sent is refused by name")
        if $want->{rule};
    my $counts = sandbox_counts($sandbox)->{$provider};
    is($counts->{requests} - ($counts->{logins} || 0), $want->{requests}, "$provider: a request for each new one and each change that can be sent");

    my $after = bodies($case);
    my %differ;
    for my $key (sort keys %$before) {
        my %members = (%{$before->{$key}}, %{$after->{$key}});
        my $json = JSON::PP->new->canonical->allow_nonref;
        $differ{$key} = join ' ', grep { $json->encode($before->{$key}{$_}) ne $json->encode($after->{$key}{$_}) }
            sort keys %members;
        delete $differ{$key} if $differ{$key} eq '';
    }
    is_deeply(\%differ, $want->{differ}, "$provider: exactly what changed has changed");

    sandbox_reset($sandbox);
    ($status) = case_run($case, '-q');
    is($status, $want->{nightly} ? 1 : 0, "$provider: the run after still reports what is refused");
    is(sandbox_counts($sandbox)->{$provider}{requests}, 0, "$provider: without a request");
    is(case_summary($case)->{refused}, $want->{nightly}, "$provider: as many are refused");
    is(sandbox_counts($sandbox)->{$provider}{duplicates}, 0, "$provider: no customer has two users");
    sandbox_stop($sandbox);
}
done_testing;
